"""Payments that came in, until the day's mail tells of them, and the switch for that mail."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

ARRIVALS = """
create table payment_arrivals (
    payment_number text primary key,
    siret text not null,
    version integer not null,
    stated_at timestamptz not null,
    cancelled boolean not null,
    dossier_number text not null,
    amount numeric(14, 2) not null,
    paid_hours numeric(9, 2) not null,
    paid_on date not null,
    due_at timestamptz,
    settled_at timestamptz,
    heard_at timestamptz not null
);
create index payment_arrivals_due on payment_arrivals (due_at) where settled_at is null and due_at is not null;
create index payment_arrivals_waiting on payment_arrivals (siret) where settled_at is null and due_at is not null;
create index payment_arrivals_age on payment_arrivals (heard_at);
"""


def upgrade() -> None:
    """Make the table, which requests have no business with, and the switch, which is on."""
    op.execute(ARRIVALS)
    op.execute("revoke all on payment_arrivals from identity_app")
    op.execute("alter table accounts add column payment_mails boolean not null default true")


def downgrade() -> None:
    """Drop them."""
    op.execute("alter table accounts drop column payment_mails")
    op.execute("drop table payment_arrivals")
