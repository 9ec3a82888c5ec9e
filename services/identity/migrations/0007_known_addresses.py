"""Addresses from which somebody has proved an account lately: they stay unhindered while many logins fail."""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.execute("create table known_addresses (remote_address text primary key, seen_at timestamptz not null)")
    op.execute("create index known_addresses_age on known_addresses (seen_at)")


def downgrade() -> None:
    """Drop it."""
    op.execute("drop table known_addresses")
