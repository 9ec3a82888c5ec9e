"""The queries of categories: the same for every employer."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from espace_contracts.documents import Category
from sqlalchemy import Connection, Row, and_, func, insert, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert

from services.documents.category_changes import Held
from services.documents.models import categories, category_sets, documents

LOCK = text("select pg_advisory_xact_lock(hashtext('categories'))")


def read_categories(connection: Connection) -> dict[str, Category]:
    """All categories by key in the order of the page, the retired ones too: documents still stand under them."""
    rows = connection.execute(select(categories.c.definition).order_by(categories.c.position))
    found = [Category.model_validate(row.definition) for row in rows]
    return {category.key: category for category in found}


def retired_categories(connection: Connection) -> frozenset[str]:
    """Keys that the file of categories no longer names."""
    return frozenset(connection.scalars(select(categories.c.key).where(categories.c.retired.is_not(None))))


def lock_sets(connection: Connection) -> None:
    """Whoever else applies a set waits until this transaction ends."""
    connection.execute(LOCK)


def newest_set(connection: Connection) -> Row[Any]:
    """The set that was applied last."""
    return connection.execute(select(category_sets).order_by(category_sets.c.revision.desc()).limit(1)).one()


def first_set_applied_at(connection: Connection) -> datetime:
    """When the tables were made: their migration notes its set."""
    return connection.execute(select(func.min(category_sets.c.applied_at))).scalar_one()


def add_set(connection: Connection, **values: Any) -> int:
    """Note that a set is applied: version, origin, applied_by, applied_at. Its revision, which always rises."""
    revision = newest_set(connection).revision + 1
    connection.execute(insert(category_sets).values(revision=revision, **values))
    return revision


def held_documents(connection: Connection) -> dict[str, Held]:
    """What stands under each category, over all employers and the trash included."""
    without_dossier = func.count().filter(documents.c.dossier_number.is_(None))
    query = select(documents.c.category, func.count(), without_dossier).group_by(documents.c.category)
    return {row[0]: Held(documents=row[1], without_dossier=row[2]) for row in connection.execute(query)}


def save_categories(connection: Connection, version: int, definitions: Iterable[Category]) -> None:
    """Make the table say what the file says; a category that it no longer names is retired, never removed.

    *version* is the revision of the set.
    """
    for position, category in enumerate(definitions, start=1):
        row = {"position": position, "definition": category.model_dump(mode="json"), "file_version": version}
        statement = upsert(categories).values(key=category.key, **row)
        connection.execute(statement.on_conflict_do_update(index_elements=["key"], set_=row | {"retired": None}))
    stale = and_(categories.c.file_version < version, categories.c.retired.is_(None))
    connection.execute(update(categories).where(stale).values(retired=version))
