"""Payments whose time is over are dropped by the worker role, and the database lets it drop no others."""

from alembic import op

revision = "0005"
down_revision = "0004"

# A wall behind PAYMENTS_KEEP_YEARS, which is the rule: whatever a process is told, the last whole year stays.
OUTDATED = """
    create policy outdated on payments as restrictive for delete to payments_worker
    using (greatest(paid_on, cancelled_on) < (date_trunc('year', now()) - interval '1 year')::date)
"""


def upgrade() -> None:
    """Lets old rows go; they are found by ranges of the table, which costs the writing of payments next to nothing."""
    op.execute(OUTDATED)
    op.execute("grant delete on payments to payments_worker")
    op.execute("create index payments_age on payments using brin (greatest(paid_on, cancelled_on))")


def downgrade() -> None:
    """Keeps them for ever again."""
    op.execute("drop index payments_age")
    op.execute("revoke delete on payments from payments_worker")
    op.execute("drop policy outdated on payments")
