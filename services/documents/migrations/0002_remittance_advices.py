"""Remittance advices: one document a payment, drawn at its first opening."""

from alembic import op

from chassis.schema import tenant_table

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Which document is the advice of a payment, and what its PDF is drawn from."""
    op.execute(
        """
        CREATE TABLE advices (
            payment_number text PRIMARY KEY,
            version integer NOT NULL CHECK (version >= 1),
            siret text NOT NULL,
            document_id uuid NOT NULL,
            FOREIGN KEY (siret, document_id) REFERENCES documents (siret, id)
        )
        """
    )
    tenant_table("advices", "documents")
    op.execute("ALTER TABLE document_versions ADD COLUMN drawn_from jsonb, ADD COLUMN drawn_at timestamptz")


def downgrade() -> None:
    """Without the columns an advice that was never opened has no bytes: such documents go too."""
    op.execute("DROP TABLE advices")
    op.execute("DELETE FROM document_versions WHERE drawn_from IS NOT NULL AND drawn_at IS NULL")
    op.execute("DELETE FROM documents d WHERE NOT EXISTS (SELECT FROM document_versions v WHERE v.document_id = d.id)")
    op.execute("ALTER TABLE document_versions DROP COLUMN drawn_from, DROP COLUMN drawn_at")
