"""A mail, and a request that leads to one, know the trace they belong to."""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; what is there already belongs to none."""
    op.execute("alter table mails add column traceparent text")
    op.execute("alter table forgotten_requests add column traceparent text")


def downgrade() -> None:
    """Drop them."""
    op.execute("alter table forgotten_requests drop column traceparent")
    op.execute("alter table mails drop column traceparent")
