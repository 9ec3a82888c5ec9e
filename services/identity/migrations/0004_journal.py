"""The journal of an account reads the audit log by account too."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the index."""
    op.execute("create index audit_log_account on audit_log (account_id, at)")


def downgrade() -> None:
    """Drop it."""
    op.execute("drop index audit_log_account")
