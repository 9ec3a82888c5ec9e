"""The tables of identity, as the newest migration leaves them.

An employer (its SIRET) and an account (a person's way in) are two things, joined by `account_access`:
several people per employer, and one person at several employers, need no data moved.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Integer,
    LargeBinary,
    MetaData,
    Numeric,
    Table,
    Text,
    Uuid,
)
from sqlalchemy.dialects.postgresql import JSONB

metadata = MetaData()
INSTANT = DateTime(timezone=True)

employers = Table(
    "employers",
    metadata,
    Column("siret", Text, primary_key=True),
    Column("legal_name", Text, nullable=False),
    Column("contact_email", Text, nullable=False),
    Column("contact_version", Integer, nullable=False),
    Column("created_at", INSTANT, nullable=False),
)

employer_funders = Table(
    "employer_funders",
    metadata,
    Column("siret", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("contact", JSONB, nullable=False),
    Column("heard_at", INSTANT, nullable=False),
)

early_contacts = Table(
    "early_contacts",
    metadata,
    Column("siret", Text, primary_key=True),
    Column("contact_email", Text, nullable=False),
    Column("contact_version", Integer, nullable=False),
    Column("heard_at", INSTANT, nullable=False),
)

accounts = Table(
    "accounts",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("state", Text, nullable=False),
    Column("identifier", Text, nullable=False),
    Column("identifier_key", Text, nullable=False, unique=True),
    Column("password_hash", Text),
    Column("provisional_expires_at", INSTANT),
    Column("pending_identifier", Text),
    Column("pending_identifier_key", Text),
    Column("pending_password_hash", Text),
    Column("last_login_at", INSTANT),
    Column("created_at", INSTANT, nullable=False),
    Column("payment_mails", Boolean, nullable=False, server_default="true"),
)

account_access = Table(
    "account_access",
    metadata,
    Column("account_id", Uuid, primary_key=True),
    Column("siret", Text, primary_key=True),
    Column("granted_at", INSTANT, nullable=False),
)

links = Table(
    "links",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("token_hash", Text, nullable=False, unique=True),
    Column("purpose", Text, nullable=False),
    Column("account_id", Uuid, nullable=False),
    Column("created_at", INSTANT, nullable=False),
    Column("expires_at", INSTANT, nullable=False),
    Column("used_at", INSTANT),
    Column("voided_at", INSTANT),
    Column("details", JSONB, nullable=False),
)

sessions = Table(
    "sessions",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("token_hash", Text, nullable=False, unique=True),
    Column("account_id", Uuid, nullable=False),
    Column("siret", Text, nullable=False),
    Column("opened_at", INSTANT, nullable=False),
    Column("last_seen_at", INSTANT, nullable=False),
    Column("idle_expires_at", INSTANT, nullable=False),
    Column("absolute_expires_at", INSTANT, nullable=False),
    Column("previous_login_at", INSTANT),
    Column("ended_at", INSTANT),
    Column("remote_address", Text, nullable=False),
    Column("user_agent", Text, nullable=False),
)

privacy_acceptances = Table(
    "privacy_acceptances",
    metadata,
    Column("account_id", Uuid, primary_key=True),
    Column("policy_version", Text, primary_key=True),
    Column("accepted_at", INSTANT, nullable=False),
)

mails = Table(
    "mails",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("name", Text, nullable=False),
    Column("account_id", Uuid, nullable=False),
    Column("siret", Text, nullable=False),
    Column("recipient", Text, nullable=False),
    Column("facts", JSONB, nullable=False),
    Column("secret", LargeBinary),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("due_at", INSTANT, nullable=False),
    Column("server_answer", Text),
    Column("traceparent", Text),
    Column("created_at", INSTANT, nullable=False),
    Column("settled_at", INSTANT),
)

forgotten_requests = Table(
    "forgotten_requests",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("sought", Text, nullable=False),
    Column("remote_address", Text, nullable=False),
    Column("traceparent", Text),
    Column("requested_at", INSTANT, nullable=False),
)

spent_challenges = Table(
    "spent_challenges",
    metadata,
    Column("digest", Text, primary_key=True),
    Column("expires_at", INSTANT, nullable=False),
)

login_attempts = Table(
    "login_attempts",
    metadata,
    Column("subject", Text, primary_key=True),
    Column("failures", Integer, nullable=False),
    Column("last_at", INSTANT, nullable=False),
    Column("blocked_until", INSTANT, nullable=False),
)

known_addresses = Table(
    "known_addresses",
    metadata,
    Column("remote_address", Text, primary_key=True),
    Column("seen_at", INSTANT, nullable=False),
)

audit_log = Table(
    "audit_log",
    metadata,
    Column("id", BigInteger, primary_key=True),
    Column("at", INSTANT, nullable=False),
    Column("action", Text, nullable=False),
    Column("succeeded", Boolean, nullable=False),
    Column("account_id", Uuid),
    Column("siret", Text),
    Column("actor", Text, nullable=False),
    Column("remote_address", Text),
    Column("details", JSONB, nullable=False),
)

payment_arrivals = Table(
    "payment_arrivals",
    metadata,
    Column("payment_number", Text, primary_key=True),
    Column("siret", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("stated_at", INSTANT, nullable=False),  # of two events of one version the later one counts
    Column("cancelled", Boolean, nullable=False),
    Column("dossier_number", Text, nullable=False),
    Column("amount", Numeric(14, 2), nullable=False),
    Column("paid_hours", Numeric(9, 2), nullable=False),
    Column("paid_on", Date, nullable=False),
    Column("due_at", INSTANT),  # when the employer is to be told; null when there is nothing to tell
    Column("settled_at", INSTANT),
    Column("heard_at", INSTANT, nullable=False),
)
