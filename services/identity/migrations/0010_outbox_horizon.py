"""How far the outbox was pruned, so that readers of `events_since` are told what they have missed."""

from alembic import op

from chassis.schema import outbox_horizon

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Known from the next pruning on."""
    outbox_horizon()


def downgrade() -> None:
    """Forget it."""
    op.execute("drop table outbox_horizon")
