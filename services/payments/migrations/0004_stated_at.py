"""When the funder last stated a payment, apart from ticks: « Tout pointer » passes over what nobody has looked at."""

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Adds the instant; payments without one were stated when they were first recorded."""
    op.execute("alter table payments add column stated_at timestamptz")


def downgrade() -> None:
    """Removes it."""
    op.execute("alter table payments drop column stated_at")
