"""How old documents are, category by category: each is kept as long as its category says (K38)."""

from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """One index for the round that looks for outdated documents, one for erasures that a crash broke off."""
    op.execute("CREATE INDEX documents_by_age ON documents (category, deposited_at) WHERE deleted_at IS NULL")
    op.execute("CREATE INDEX documents_being_erased ON documents (purging_at) WHERE purging_at IS NOT NULL")
    op.execute("CREATE INDEX documents_deleted ON documents (deleted_at) WHERE deleted_at IS NOT NULL")


def downgrade() -> None:
    """Slower again."""
    for index in ("documents_deleted", "documents_being_erased", "documents_by_age"):
        op.execute(f"DROP INDEX {index}")
