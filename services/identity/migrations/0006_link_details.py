"""A link may carry what it is about: the address that it was mailed to."""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; links that are there are about nothing but their account."""
    op.execute("alter table links add column details jsonb not null default '{}'")


def downgrade() -> None:
    """Drop it."""
    op.execute("alter table links drop column details")
