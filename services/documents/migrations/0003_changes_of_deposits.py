"""Own deposits change: a new file, another category, the trash; who did it and when (S48 to S50)."""

from alembic import op

from chassis.schema import tenant_table

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Which document a deposit replaces the file of, the trash, and the record of changes."""
    op.execute("ALTER TABLE deposits ADD COLUMN replaces uuid")
    op.execute("ALTER TABLE documents ADD COLUMN purging_at timestamptz")
    op.execute(
        "CREATE INDEX documents_in_trash ON documents (siret, deleted_at DESC, id DESC) WHERE deleted_at IS NOT NULL"
    )
    op.execute(
        """
        CREATE TABLE document_changes (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            siret text NOT NULL,
            document_id uuid NOT NULL,
            change text NOT NULL CHECK (change IN ('replaced', 'recategorised', 'deleted', 'restored')),
            version integer NOT NULL,
            previous jsonb,
            changer_kind text NOT NULL,
            changer_name text NOT NULL,
            changer_account uuid,
            changed_at timestamptz NOT NULL
        )
        """
    )
    op.execute("CREATE INDEX document_changes_of_document ON document_changes (siret, document_id, id DESC)")
    tenant_table("document_changes", "documents")
    op.execute("REVOKE UPDATE, DELETE ON document_changes FROM documents_app, documents_worker")


def downgrade() -> None:
    """What is in the trash stays hidden; the record of changes goes."""
    op.execute("DROP TABLE document_changes")
    op.execute("DROP INDEX documents_in_trash")
    op.execute("ALTER TABLE documents DROP COLUMN purging_at")
    op.execute("ALTER TABLE deposits DROP COLUMN replaces")
