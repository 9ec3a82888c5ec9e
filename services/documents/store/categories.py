"""The queries of categories: the same for every employer."""

from collections.abc import Iterable

from espace_contracts.documents import Category
from sqlalchemy import Connection, and_, func, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from services.documents.models import categories


def read_categories(connection: Connection) -> dict[str, Category]:
    """All categories by key in the order of the page, the retired ones too: documents still stand under them."""
    rows = connection.execute(select(categories.c.definition).order_by(categories.c.position))
    found = [Category.model_validate(row.definition) for row in rows]
    return {category.key: category for category in found}


def retired_categories(connection: Connection) -> frozenset[str]:
    """Keys that the file of categories no longer names."""
    return frozenset(connection.scalars(select(categories.c.key).where(categories.c.retired.is_not(None))))


def categories_version(connection: Connection) -> int:
    """Version of the file that was applied last."""
    return connection.scalar(select(func.max(func.greatest(categories.c.file_version, categories.c.retired)))) or 0


def save_categories(connection: Connection, version: int, definitions: Iterable[Category]) -> None:
    """Make the table say what the file says; a category that it no longer names is retired, never removed."""
    for position, category in enumerate(definitions, start=1):
        row = {"position": position, "definition": category.model_dump(mode="json"), "file_version": version}
        statement = upsert(categories).values(key=category.key, **row)
        connection.execute(statement.on_conflict_do_update(index_elements=["key"], set_=row | {"retired": None}))
    stale = and_(categories.c.file_version < version, categories.c.retired.is_(None))
    connection.execute(update(categories).where(stale).values(retired=version))
