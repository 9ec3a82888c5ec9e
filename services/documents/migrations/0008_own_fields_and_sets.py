"""Free fields of categories, which set of categories stands, and how long documents are kept (S39, K38)."""

from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """What stands in free fields lies with the document, with the label that it had: categories may change."""
    for table in ("deposits", "documents"):
        op.execute(f"ALTER TABLE {table} ADD COLUMN details jsonb NOT NULL DEFAULT '[]'")
    op.execute(
        """
        CREATE TABLE category_sets (
            revision integer PRIMARY KEY,
            version integer NOT NULL CHECK (version >= 1),
            origin text NOT NULL CHECK (origin IN ('shipped', 'own')),
            applied_by text NOT NULL,
            applied_at timestamptz NOT NULL
        )
        """
    )
    op.execute("REVOKE INSERT, UPDATE, DELETE ON category_sets FROM documents_app")
    op.execute("REVOKE UPDATE, DELETE ON category_sets FROM documents_worker")
    op.execute(
        """
        INSERT INTO category_sets (revision, version, origin, applied_by, applied_at)
        SELECT max(greatest(file_version, retired)), max(greatest(file_version, retired)), 'shipped', 'migrate', now()
        FROM categories
        """
    )


def downgrade() -> None:
    """What was written into free fields goes."""
    op.execute("DROP TABLE category_sets")
    for table in ("deposits", "documents"):
        op.execute(f"ALTER TABLE {table} DROP COLUMN details")
