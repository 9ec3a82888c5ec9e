"""The queries of documents and of their files."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, Select, and_, func, insert, select, tuple_, update
from sqlalchemy import text as sql

from services.documents.models import categories as category_table
from services.documents.models import deposits, document_versions, documents, file_openings


def documents_with_files(siret: str, *, deleted: bool = False) -> Select[Any]:
    """The employer's documents with their current file: either those in the trash or all others."""
    versions = document_versions.c
    current = and_(versions.document_id == documents.c.id, versions.version == documents.c.version)
    files = (versions.object_key, versions.file_name, versions.media_type, versions.size, versions.sha256)
    state = documents.c.deleted_at.is_not(None) if deleted else documents.c.deleted_at.is_(None)
    drawn = (versions.drawn_from, versions.drawn_at)
    chosen = select(documents, *files, *drawn, versions.scan).select_from(documents.join(document_versions, current))
    return chosen.where(documents.c.siret == siret, state)


NEWEST_FIRST = (documents.c.deposited_at.desc(), documents.c.id.desc())


def _untied(table: Any) -> Any:
    """Tied to neither a dossier nor a beneficiary (S44), and not in the trash."""
    return and_(table.c.dossier_number.is_(None), table.c.beneficiary_last_name.is_(None), table.c.deleted_at.is_(None))


def employer_documents(
    connection: Connection,
    siret: str,
    *,
    categories: Sequence[str],
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> Sequence[Row[Any]]:
    """A page of the employer's untied documents of these categories, newest first."""
    query = documents_with_files(siret).where(_untied(documents), documents.c.category.in_(categories))
    if after is not None:
        query = query.where(tuple_(documents.c.deposited_at, documents.c.id) < tuple_(*after))
    return connection.execute(query.order_by(*NEWEST_FIRST).limit(limit)).all()


def newest_of_each(connection: Connection, siret: str, *, categories: Sequence[str], limit: int) -> Sequence[Row[Any]]:
    """The newest untied documents of each of these categories, all in one list, newest first."""
    inner = documents.alias("inner_documents")
    keys = select(category_table.c.key).where(category_table.c.key.in_(categories)).subquery("keys")
    newest = (
        select(inner.c.id)
        .where(inner.c.siret == siret, inner.c.category == keys.c.key, _untied(inner))
        .order_by(inner.c.deposited_at.desc(), inner.c.id.desc())
        .limit(limit)
        .lateral("newest")
    )
    chosen = select(newest.c.id).select_from(keys.join(newest, sql("true")))
    query = documents_with_files(siret).where(documents.c.id.in_(chosen))
    return connection.execute(query.order_by(*NEWEST_FIRST)).all()


def count_by_category(connection: Connection, siret: str) -> dict[str, int]:
    """How many untied documents the employer has under each category."""
    query = select(documents.c.category, func.count()).where(documents.c.siret == siret, _untied(documents))
    return {row[0]: row[1] for row in connection.execute(query.group_by(documents.c.category))}


def used_bytes(connection: Connection, siret: str) -> int:
    """What the employer's files take up, all versions, and what was announced for them and may still come."""
    kept = select(func.coalesce(func.sum(document_versions.c.size), 0)).where(document_versions.c.siret == siret)
    coming = select(func.coalesce(func.sum(deposits.c.size), 0)).where(
        deposits.c.siret == siret, deposits.c.document_id.is_(None), deposits.c.refusal.is_(None)
    )
    return int(connection.scalar(select(kept.scalar_subquery() + coming.scalar_subquery())) or 0)


def dossier_documents(
    connection: Connection, siret: str, number: str, *, hidden: Sequence[str], limit: int
) -> Sequence[Row[Any]]:
    """The newest documents of one dossier, newest first."""
    query = documents_with_files(siret).where(documents.c.dossier_number == number, documents.c.category.not_in(hidden))
    return connection.execute(query.order_by(*NEWEST_FIRST).limit(limit)).all()


def get_document(connection: Connection, siret: str, document_id: UUID) -> Row[Any] | None:
    """One document of the employer."""
    return connection.execute(documents_with_files(siret).where(documents.c.id == document_id)).one_or_none()


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
