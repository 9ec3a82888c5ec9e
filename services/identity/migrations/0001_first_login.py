"""Employers, accounts, links, sessions, mails and the audit log."""

from alembic import op

from chassis.schema import delivery_tables

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

EMPLOYERS = """
create table employers (
    siret text primary key,
    legal_name text not null,
    contact_email text not null,
    contact_version integer not null default 0,
    created_at timestamptz not null
);
create table employer_funders (
    siret text not null references employers,
    name text not null,
    contact jsonb not null,
    heard_at timestamptz not null,
    primary key (siret, name)
);
create table early_contacts (
    siret text primary key,
    contact_email text not null,
    contact_version integer not null,
    heard_at timestamptz not null
);
"""

ACCOUNTS = """
create table accounts (
    id uuid primary key,
    state text not null check (state in ('provisional', 'pending_confirmation', 'active', 'disabled')),
    identifier text not null,
    identifier_key text not null unique,
    password_hash text,
    provisional_expires_at timestamptz,
    pending_identifier text,
    pending_identifier_key text,
    pending_password_hash text,
    last_login_at timestamptz,
    created_at timestamptz not null,
    check ((pending_identifier is null) = (pending_identifier_key is null)),
    check ((pending_identifier is null) = (pending_password_hash is null))
);
create index accounts_pending on accounts (pending_identifier_key) where pending_identifier_key is not null;
create table account_access (
    account_id uuid not null references accounts,
    siret text not null references employers,
    granted_at timestamptz not null,
    primary key (account_id, siret)
);
create index account_access_siret on account_access (siret);
create table privacy_acceptances (
    account_id uuid not null references accounts,
    policy_version text not null,
    accepted_at timestamptz not null,
    primary key (account_id, policy_version)
);
"""

WAYS_IN = """
create table links (
    id uuid primary key,
    token_hash text not null unique,
    purpose text not null,
    account_id uuid not null references accounts,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    used_at timestamptz,
    voided_at timestamptz
);
create unique index links_live on links (account_id, purpose) where used_at is null and voided_at is null;
create table sessions (
    id uuid primary key,
    token_hash text not null unique,
    account_id uuid not null references accounts,
    siret text not null references employers,
    opened_at timestamptz not null,
    last_seen_at timestamptz not null,
    idle_expires_at timestamptz not null,
    absolute_expires_at timestamptz not null,
    previous_login_at timestamptz,
    ended_at timestamptz,
    remote_address text not null,
    user_agent text not null
);
create index sessions_live on sessions (account_id) where ended_at is null;
create table login_attempts (
    subject text primary key,
    failures integer not null,
    last_at timestamptz not null,
    blocked_until timestamptz not null
);
create index login_attempts_age on login_attempts (last_at);
"""

MAILS = """
create table mails (
    id uuid primary key,
    name text not null,
    account_id uuid not null references accounts,
    siret text not null references employers,
    recipient text not null,
    facts jsonb not null,
    secret bytea,
    state text not null check (state in ('queued', 'sent', 'bounced', 'given_up')),
    attempts integer not null default 0,
    due_at timestamptz not null,
    server_answer text,
    created_at timestamptz not null,
    settled_at timestamptz,
    check (state = 'queued' or secret is null),
    check ((state = 'queued') = (settled_at is null))
);
create index mails_due on mails (due_at) where state = 'queued';
create index mails_siret on mails (siret, created_at);
"""

AUDIT = """
create table audit_log (
    id bigint generated always as identity primary key,
    at timestamptz not null,
    action text not null,
    succeeded boolean not null,
    account_id uuid,
    siret text,
    actor text not null,
    remote_address text,
    details jsonb not null default '{}'
);
create index audit_log_siret on audit_log (siret, at);
"""

APPEND_ONLY = "revoke update, delete, truncate on audit_log, privacy_acceptances from identity_app, identity_worker"


def upgrade() -> None:
    """Make the tables; nobody but the owner may change what was written to the audit log."""
    delivery_tables()
    for statements in (EMPLOYERS, ACCOUNTS, WAYS_IN, MAILS, AUDIT):
        op.execute(statements)
    op.execute(APPEND_ONLY)


def downgrade() -> None:
    """Back to an empty database."""
    op.execute(
        "drop table audit_log, mails, login_attempts, sessions, links, privacy_acceptances, account_access,"
        " accounts, early_contacts, employer_funders, employers, idempotency, inbox, outbox"
    )
