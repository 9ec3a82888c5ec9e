"""Dossiers, categories, deposits, documents with their versions, and the trace of who opened a file."""

import json
from pathlib import Path

import sqlalchemy as sa
from alembic import op

from chassis.schema import delivery_tables, tenant_table

revision = "0001"
down_revision = None

CATEGORIES = Path(__file__).parent.parent / "categories.json"
TENANT_TABLES = ("dossiers", "deposits", "documents", "document_versions", "file_openings")

DESCRIBED = """
    category text NOT NULL REFERENCES categories (key),
    dossier_number text,
    label text,
    period_start date,
    period_end date,
    depositor_kind text NOT NULL CHECK (depositor_kind IN ('funder', 'training_provider', 'beneficiary', 'employer')),
    depositor_name text NOT NULL,
    depositor_account uuid,
    FOREIGN KEY (siret, dossier_number) REFERENCES dossiers (siret, dossier_number),
    CHECK ((period_start IS NULL) = (period_end IS NULL))
"""

STORED = """
    object_key text NOT NULL UNIQUE,
    file_name text NOT NULL,
    media_type text NOT NULL,
    size bigint NOT NULL CHECK (size > 0),
    sha256 text NOT NULL CHECK (sha256 ~ '^[0-9a-f]{64}$')
"""

TABLES = (
    """
    CREATE TABLE categories (
        key text PRIMARY KEY,
        position integer NOT NULL,
        definition jsonb NOT NULL,
        file_version integer NOT NULL,
        retired integer
    )
    """,
    """
    CREATE TABLE dossiers (
        siret text NOT NULL,
        dossier_number text NOT NULL,
        version integer NOT NULL CHECK (version >= 0),
        beneficiary_last_name text NOT NULL,
        beneficiary_first_name text NOT NULL,
        training_title text NOT NULL,
        training_provider text NOT NULL,
        period_start date NOT NULL,
        period_end date NOT NULL,
        funder jsonb,
        requested_at timestamptz,
        number_key text NOT NULL,
        name_key text NOT NULL,
        created_at timestamptz NOT NULL,
        PRIMARY KEY (siret, dossier_number)
    )
    """,
    "CREATE INDEX dossiers_newest ON dossiers (siret, period_start DESC, dossier_number DESC)",
    f"""
    CREATE TABLE deposits (
        id uuid PRIMARY KEY,
        siret text NOT NULL,
        {DESCRIBED},
        {STORED},
        begun_at timestamptz NOT NULL,
        expires_at timestamptz NOT NULL,
        document_id uuid,
        refusal text,
        swept_at timestamptz
    )
    """,
    "CREATE INDEX deposits_unfinished ON deposits (begun_at) WHERE document_id IS NULL",
    f"""
    CREATE TABLE documents (
        id uuid PRIMARY KEY,
        siret text NOT NULL,
        {DESCRIBED},
        beneficiary_last_name text,
        beneficiary_first_name text,
        payment_number text,
        version integer NOT NULL CHECK (version >= 1),
        handling text NOT NULL CHECK (handling IN ('received', 'accepted', 'to_correct')),
        reason text,
        handled_at timestamptz,
        deposited_at timestamptz NOT NULL,
        deleted_at timestamptz,
        UNIQUE (siret, id),
        CHECK ((handling = 'to_correct') = (reason IS NOT NULL))
    )
    """,
    """
    CREATE INDEX documents_of_employer ON documents (siret, deposited_at DESC, id DESC)
    WHERE dossier_number IS NULL AND beneficiary_last_name IS NULL AND deleted_at IS NULL
    """,
    """
    CREATE INDEX documents_of_dossier ON documents (siret, dossier_number, deposited_at DESC, id DESC)
    WHERE dossier_number IS NOT NULL AND deleted_at IS NULL
    """,
    f"""
    CREATE TABLE document_versions (
        document_id uuid NOT NULL,
        version integer NOT NULL CHECK (version >= 1),
        siret text NOT NULL,
        {STORED},
        scan text NOT NULL CHECK (scan IN ('pending', 'scanning', 'available', 'blocked')),
        created_at timestamptz NOT NULL,
        PRIMARY KEY (document_id, version),
        FOREIGN KEY (siret, document_id) REFERENCES documents (siret, id)
    )
    """,
    """
    CREATE TABLE file_openings (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        siret text NOT NULL,
        document_id uuid NOT NULL,
        version integer NOT NULL,
        opener_kind text NOT NULL,
        opener_name text NOT NULL,
        opener_account uuid,
        opened_at timestamptz NOT NULL
    )
    """,
    "CREATE INDEX file_openings_of_document ON file_openings (siret, document_id)",
)


def upgrade() -> None:
    """Create the tables and load the categories that the file names today."""
    delivery_tables()
    for statement in TABLES:
        op.execute(statement)
    for table in TENANT_TABLES:
        tenant_table(table, "documents")
    op.execute("REVOKE UPDATE, DELETE ON file_openings FROM documents_app, documents_worker")
    op.execute("REVOKE INSERT, UPDATE, DELETE ON categories FROM documents_app")
    _load_categories()


def _load_categories() -> None:
    """By its own SQL, so that this migration stays what it was when the code moves on."""
    file = json.loads(CATEGORIES.read_text(encoding="utf-8"))
    insert = sa.text(
        "INSERT INTO categories (key, position, definition, file_version)"
        " VALUES (:key, :position, CAST(:definition AS jsonb), :file_version)"
    )
    for position, category in enumerate(file["categories"], start=1):
        op.execute(
            insert.bindparams(
                key=category["key"],
                position=position,
                definition=json.dumps(category, ensure_ascii=False),
                file_version=file["version"],
            )
        )


def downgrade() -> None:
    """Drop everything: there is no older state to go back to."""
    for table in (*reversed(TENANT_TABLES), "categories"):
        op.execute(f"DROP TABLE {table}")
    for table in ("outbox", "inbox", "idempotency"):
        op.execute(f"DROP TABLE {table}")
