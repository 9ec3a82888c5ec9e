"""The queries of documents and of their files."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, Select, and_, insert, select, tuple_, update

from services.documents.models import document_versions, documents, file_openings


def documents_with_files(siret: str, *, deleted: bool = False) -> Select[Any]:
    """The employer's documents with their current file: either those in the trash or all others."""
    versions = document_versions.c
    current = and_(versions.document_id == documents.c.id, versions.version == documents.c.version)
    files = (versions.object_key, versions.file_name, versions.media_type, versions.size, versions.sha256)
    state = documents.c.deleted_at.is_not(None) if deleted else documents.c.deleted_at.is_(None)
    chosen = select(documents, *files, versions.scan).select_from(documents.join(document_versions, current))
    return chosen.where(documents.c.siret == siret, state)


NEWEST_FIRST = (documents.c.deposited_at.desc(), documents.c.id.desc())


def employer_documents(
    connection: Connection, siret: str, *, hidden: Sequence[str], after: tuple[datetime, UUID] | None, limit: int
) -> Sequence[Row[Any]]:
    """A page of the documents tied to neither a dossier nor a beneficiary (S44), newest first."""
    query = documents_with_files(siret).where(
        documents.c.dossier_number.is_(None),
        documents.c.beneficiary_last_name.is_(None),
        documents.c.category.not_in(hidden),
    )
    if after is not None:
        query = query.where(tuple_(documents.c.deposited_at, documents.c.id) < tuple_(*after))
    return connection.execute(query.order_by(*NEWEST_FIRST).limit(limit)).all()


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
