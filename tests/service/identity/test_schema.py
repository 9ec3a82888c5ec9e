"""The tables that the queries are written against are those that the migrations make."""

from sqlalchemy import MetaData

from services.identity.models import metadata


def columns(tables):
    """Names of tables and columns, and whether a column may be empty."""
    return {
        table.name: {column.name: bool(column.nullable) for column in table.columns} for table in tables.tables.values()
    }


def test_the_models_are_what_the_migrations_make(identity_db):
    found = MetaData()
    with identity_db.work() as connection:
        found.reflect(connection, only=lambda name, _: name in metadata.tables)
        ours = set(connection.exec_driver_sql("select tablename from pg_tables where schemaname = 'public'").scalars())

    assert columns(found) == columns(metadata)
    assert ours - set(metadata.tables) <= {
        "outbox",
        "inbox",
        "idempotency",
        "burials",
        "outbox_horizon",
        "alembic_version",
    }
