"""A virus scanner takes files one by one: since when it has one (K24, K25)."""

from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """The queue is the table itself: what was never tried comes first, what was tried longest ago next."""
    op.execute("ALTER TABLE document_versions ADD COLUMN scan_tried_at timestamptz")
    op.execute(
        """
        CREATE INDEX document_versions_unscanned ON document_versions (scan_tried_at NULLS FIRST, created_at)
        WHERE scan IN ('pending', 'scanning')
        """
    )


def downgrade() -> None:
    """Scans under way start anew."""
    op.execute("UPDATE document_versions SET scan = 'pending' WHERE scan = 'scanning'")
    op.execute("DROP INDEX document_versions_unscanned")
    op.execute("ALTER TABLE document_versions DROP COLUMN scan_tried_at")
