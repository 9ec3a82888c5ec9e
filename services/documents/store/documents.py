"""The queries of documents and of their files."""

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, and_, insert, select, update

from services.documents.models import document_versions, documents, file_openings

# Lists and searches are written for psycopg and run by `exec_driver_sql`: there, building and compiling an expression
# at each call costs more than PostgreSQL's own work (bench/documents.py). Values are always bound.
OF_FILE = ("object_key", "file_name", "media_type", "size", "sha256", "drawn_from", "drawn_at", "scan")
COLUMNS = ", ".join((*(f"documents.{one.name}" for one in documents.c), *(f"files.{name}" for name in OF_FILE)))
WITH_FILES = """
    select {columns} from documents
    join document_versions as files on files.document_id = documents.id and files.version = documents.version
    where documents.siret = %(siret)s and {conditions}
    {order}
"""
KEPT = "documents.deleted_at is null"
# Tied to neither a dossier nor a beneficiary (S44), and not in the trash.
UNTIED = "dossier_number is null and beneficiary_last_name is null and deleted_at is null"
NEWEST_FIRST = "order by documents.deposited_at desc, documents.id desc"
NEWEST_PAGE = f"{NEWEST_FIRST} limit %(limit)s"
NEWEST_OF_EACH = """documents.id in (
    select newest.id from categories join lateral (
        select id from documents where siret = %(siret)s and category = categories.key and {untied}
        order by deposited_at desc, id desc limit %(limit)s
    ) as newest on true
    where categories.key = any(%(categories)s)
)""".replace("{untied}", UNTIED)
COUNTS = """
    select category, count(*) as documents from documents where siret = %(siret)s and {untied} group by category
""".replace("{untied}", UNTIED)
USED = """
    select (select coalesce(sum(size), 0) from document_versions where siret = %(siret)s)
         + (select coalesce(sum(size), 0) from deposits
            where siret = %(siret)s and document_id is null and refusal is null)
"""


@lru_cache(maxsize=64)
def documents_with_files(*conditions: str, order: str = "") -> str:
    """The query of the employer's documents with their current file; no condition may hold a value."""
    query = WITH_FILES.replace("{columns}", COLUMNS).replace("{order}", order)
    return query.replace("{conditions}", " and ".join(conditions))


def employer_documents(
    connection: Connection,
    siret: str,
    *,
    categories: Sequence[str],
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> Sequence[Row[Any]]:
    """A page of the employer's untied documents of these categories, newest first."""
    # A list of names: of one category, `any` would read all others' documents as well to keep the order.
    names = [f"category_{place}" for place in range(len(categories))]
    conditions = [KEPT, UNTIED, f"documents.category in ({', '.join(f'%({name})s' for name in names) or 'null'})"]
    values: dict[str, Any] = {"siret": siret, "limit": limit} | dict(zip(names, categories, strict=True))
    if after is not None:
        conditions.append("(documents.deposited_at, documents.id) < (%(after)s, %(after_id)s)")
        values |= {"after": after[0], "after_id": after[1]}
    return connection.exec_driver_sql(documents_with_files(*conditions, order=NEWEST_PAGE), values).all()


def newest_of_each(connection: Connection, siret: str, *, categories: Sequence[str], limit: int) -> Sequence[Row[Any]]:
    """The newest untied documents of each of these categories, all in one list, newest first."""
    values = {"siret": siret, "categories": list(categories), "limit": limit}
    return connection.exec_driver_sql(documents_with_files(KEPT, NEWEST_OF_EACH, order=NEWEST_FIRST), values).all()


def count_by_category(connection: Connection, siret: str) -> dict[str, int]:
    """How many untied documents the employer has under each category."""
    return {row[0]: row[1] for row in connection.exec_driver_sql(COUNTS, {"siret": siret})}


def used_bytes(connection: Connection, siret: str) -> int:
    """What the employer's files take up, all versions, and what was announced for them and may still come."""
    return int(connection.exec_driver_sql(USED, {"siret": siret}).scalar_one())


def dossier_documents(
    connection: Connection, siret: str, number: str, *, hidden: Sequence[str], limit: int
) -> Sequence[Row[Any]]:
    """The newest documents of one dossier, newest first."""
    wanted = ("documents.dossier_number = %(number)s", "documents.category <> all(%(hidden)s)")
    values = {"siret": siret, "number": number, "hidden": list(hidden), "limit": limit}
    return connection.exec_driver_sql(documents_with_files(KEPT, *wanted, order=NEWEST_PAGE), values).all()


def get_document(connection: Connection, siret: str, document_id: UUID) -> Row[Any] | None:
    """One document of the employer."""
    query = documents_with_files(KEPT, "documents.id = %(id)s")
    return connection.exec_driver_sql(query, {"siret": siret, "id": document_id}).one_or_none()


def get_version(connection: Connection, siret: str, document_id: UUID, version: int) -> Row[Any] | None:
    """One version of a file of the employer."""
    query = select(document_versions).where(
        document_versions.c.siret == siret,
        document_versions.c.document_id == document_id,
        document_versions.c.version == version,
    )
    return connection.execute(query).one_or_none()


def add_document(connection: Connection, siret: str, *, document: dict[str, Any], file: dict[str, Any]) -> None:
    """A document and its first version."""
    connection.execute(insert(documents).values(siret=siret, version=1, **document))
    connection.execute(insert(document_versions).values(siret=siret, document_id=document["id"], version=1, **file))


def add_version(
    connection: Connection, siret: str, document_id: UUID, *, values: dict[str, Any], file: dict[str, Any]
) -> int:
    """A newer *file* of the document becomes its current one, along with new *values* of it; its version."""
    same = and_(documents.c.siret == siret, documents.c.id == document_id)
    newer = update(documents).where(same).values(version=documents.c.version + 1, **values)
    version = connection.scalar(newer.returning(documents.c.version))
    connection.execute(insert(document_versions).values(siret=siret, document_id=document_id, version=version, **file))
    return int(version or 0)


def lock_document(connection: Connection, siret: str, document_id: UUID) -> Row[Any] | None:
    """The employer's document, held until the transaction ends, deleted or not."""
    query = select(documents).where(documents.c.siret == siret, documents.c.id == document_id)
    return connection.execute(query.with_for_update()).one_or_none()


def set_document(connection: Connection, siret: str, document_id: UUID, **values: Any) -> None:
    """Change what is said of the document."""
    same = and_(documents.c.siret == siret, documents.c.id == document_id)
    connection.execute(update(documents).where(same).values(**values))


def note_opening(connection: Connection, siret: str, **values: Any) -> None:
    """Keep who opened a file (K35)."""
    connection.execute(insert(file_openings).values(siret=siret, **values))
