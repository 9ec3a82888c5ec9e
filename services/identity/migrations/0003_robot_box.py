"""Challenges of the robot box that were used, until they expire by themselves (K14)."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.execute("create table spent_challenges (digest text primary key, expires_at timestamptz not null)")
    op.execute("create index spent_challenges_age on spent_challenges (expires_at)")


def downgrade() -> None:
    """Drop it."""
    op.execute("drop table spent_challenges")
