"""Documents of a beneficiary without dossier, advices of the funder's own, and what both are found by (S34, S46)."""

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Who or what a document is about besides a dossier, and the keys of the search."""
    op.execute(
        """
        ALTER TABLE deposits
            ADD COLUMN beneficiary_last_name text, ADD COLUMN beneficiary_first_name text, ADD COLUMN payment_number text
        """
    )
    op.execute(
        """
        ALTER TABLE documents
            ADD COLUMN name_key text, ADD COLUMN payment_key text, ADD COLUMN payment_dossier_key text
        """
    )
    op.execute(
        """
        CREATE INDEX documents_found_without_dossier ON documents (siret, deposited_at DESC, id DESC)
        WHERE dossier_number IS NULL AND (name_key IS NOT NULL OR payment_key IS NOT NULL) AND deleted_at IS NULL
        """
    )
    op.execute("ALTER TABLE advices ADD COLUMN deposited boolean NOT NULL DEFAULT false")
    op.execute("ALTER TABLE advices DROP CONSTRAINT advices_version_check, ADD CHECK (version >= 0)")
    _fill_keys()


def _fill_keys() -> None:
    """Advices that are there already are found by their payment, its dossier and its beneficiary as well."""
    op.execute(
        """
        UPDATE documents d SET
            payment_key = lower(replace(d.payment_number, ' ', '')),
            payment_dossier_key = lower(replace(v.drawn_from ->> 'dossier_number', ' ', '')),
            name_key = ' ' || regexp_replace(translate(lower(concat_ws(' ',
                v.drawn_from -> 'beneficiary' ->> 'last_name', v.drawn_from -> 'beneficiary' ->> 'first_name'
            )), 'àâäçéèêëîïôöùûüÿñ', 'aaaceeeeiioouuuyn'), '[^a-z0-9]+', ' ', 'g') || ' '
        FROM document_versions v
        WHERE v.document_id = d.id AND v.version = d.version AND v.drawn_from IS NOT NULL
        """
    )


def downgrade() -> None:
    """The ties go; the documents stay."""
    op.execute("DELETE FROM advices WHERE version = 0")
    op.execute("ALTER TABLE advices DROP CONSTRAINT advices_version_check, ADD CHECK (version >= 1)")
    op.execute("ALTER TABLE advices DROP COLUMN deposited")
    op.execute("DROP INDEX documents_found_without_dossier")
    op.execute("ALTER TABLE documents DROP COLUMN name_key, DROP COLUMN payment_key, DROP COLUMN payment_dossier_key")
    op.execute(
        "ALTER TABLE deposits DROP COLUMN beneficiary_last_name, DROP COLUMN beneficiary_first_name,"
        " DROP COLUMN payment_number"
    )
