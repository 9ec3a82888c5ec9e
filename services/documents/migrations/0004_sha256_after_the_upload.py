"""A depositor that cannot know the SHA-256 before it sends lets us compute it from what was stored."""

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """A document always has one; a deposit need not."""
    op.execute("ALTER TABLE deposits ALTER COLUMN sha256 DROP NOT NULL")


def downgrade() -> None:
    """Deposits under way without one are given up; the sweeper removes their objects."""
    op.execute("DELETE FROM deposits WHERE sha256 IS NULL")
    op.execute("ALTER TABLE deposits ALTER COLUMN sha256 SET NOT NULL")
