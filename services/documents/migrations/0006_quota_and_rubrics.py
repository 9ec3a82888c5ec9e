"""Indexes: how much an employer keeps with us, and each rubric's newest documents."""

from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Both are read at every deposit and every opening of the tab."""
    op.execute("CREATE INDEX document_versions_of_employer ON document_versions (siret) INCLUDE (size)")
    op.execute(
        """
        CREATE INDEX documents_of_rubric ON documents (siret, category, deposited_at DESC, id DESC)
        WHERE dossier_number IS NULL AND beneficiary_last_name IS NULL AND deleted_at IS NULL
        """
    )


def downgrade() -> None:
    """Slower again."""
    op.execute("DROP INDEX documents_of_rubric")
    op.execute("DROP INDEX document_versions_of_employer")
