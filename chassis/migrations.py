"""Bring a service's database to its newest version (Alembic; files `services/<service>/migrations/`)."""

from importlib.resources import files
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, make_url, text


def upgrade(service: str, owner_url: str) -> None:
    """Apply what is missing as the role <service>_owner; two runs at a time wait for each other."""
    config = Config()
    config.set_main_option("script_location", str(files("chassis") / "alembic"))
    config.set_main_option("version_locations", str(Path(str(files(f"services.{service}"))) / "migrations"))
    config.set_main_option("path_separator", "newline")
    engine = create_engine(make_url(owner_url).set(drivername="postgresql+psycopg"))
    try:
        with engine.connect() as connection:
            connection.execute(text("select pg_advisory_lock(hashtext('migrations'))"))
            connection.commit()
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            connection.commit()
            connection.execute(text("select pg_advisory_unlock(hashtext('migrations'))"))
            connection.commit()
    finally:
        engine.dispose()
