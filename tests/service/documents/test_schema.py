"""The tables that the queries are written against are those that the migrations make."""

from sqlalchemy import MetaData

from chassis.database import Database
from services.documents.models import metadata

DELIVERY = {"outbox", "inbox", "idempotency", "burials", "outbox_horizon", "alembic_version"}  # the chassis owns these


def columns(tables: MetaData) -> dict[str, dict[str, bool]]:
    """Names of tables and columns, and whether a column may be empty."""
    return {
        table.name: {column.name: bool(column.nullable) for column in table.columns} for table in tables.tables.values()
    }


def test_the_models_are_what_the_migrations_make(documents_db: Database) -> None:
    found = MetaData()
    with documents_db.work() as connection:
        found.reflect(connection, only=lambda name, _: name not in DELIVERY)
    assert columns(found) == columns(metadata)


def test_k30_every_table_with_a_siret_stands_under_row_level_security(documents_db: Database) -> None:
    protected = "select relname from pg_class where relrowsecurity and relforcerowsecurity"
    with documents_db.work() as connection:
        names = set(connection.exec_driver_sql(protected).scalars())
    assert names == {table.name for table in metadata.tables.values() if "siret" in table.columns}
