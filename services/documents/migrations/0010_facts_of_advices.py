"""What a payment's advice is drawn from is kept beside it, also while the funder's own stands (S34)."""

from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Known of advices that are drawn already; of others it comes with the payment's next version."""
    op.execute("ALTER TABLE advices ADD COLUMN facts jsonb")
    op.execute(
        """
        UPDATE advices a SET facts = v.drawn_from || jsonb_build_object('siret', a.siret)
        FROM documents d JOIN document_versions v ON v.document_id = d.id AND v.version = d.version
        WHERE d.id = a.document_id AND v.drawn_from IS NOT NULL
        """
    )


def downgrade() -> None:
    """The facts of drawn pages stay with these."""
    op.execute("ALTER TABLE advices DROP COLUMN facts")
