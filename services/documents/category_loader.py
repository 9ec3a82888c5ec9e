"""Brings the table of categories up to the file that came with this release."""

import structlog
from sqlalchemy import text

from chassis.database import Database
from chassis.loops import Loop
from services.documents.categories import CategoryFile, read_file
from services.documents.store import categories as store

log = structlog.get_logger()

LOCK = text("select pg_advisory_xact_lock(hashtext('categories'))")
AN_HOUR = 3600.0


class CategoryLoader(Loop):
    """Applies the file at start, so that a changed file needs no migration."""

    def run_once(self) -> float:
        """Nothing to do when the table is as new as the file."""
        apply(self.database, read_file())
        return AN_HOUR


def apply(database: Database, file: CategoryFile) -> bool:
    """Whether the file was newer than the table; an older release that still runs never takes it back."""
    with database.work() as connection:
        connection.execute(LOCK)
        if store.categories_version(connection) >= file.version:
            return False
        store.save_categories(connection, file.version, file.categories)
    log.info("categories_applied", version=file.version)
    return True
