"""Ticks that were set together can be removed together."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Adds the batch; few rows carry one, so its index stays small and a single tick does not touch it."""
    op.execute("alter table payments add column tick_batch uuid")
    op.execute("alter table payments add constraint batch_ticked check (tick_batch is null or ticked_at is not null)")
    op.execute("create index payments_tick_batch on payments (siret, tick_batch) where tick_batch is not null")
    op.execute("grant update (tick_batch) on payments to payments_app")


def downgrade() -> None:
    """Removes it."""
    op.execute("alter table payments drop column tick_batch")
