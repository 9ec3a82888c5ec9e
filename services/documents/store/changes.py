"""The queries of changed and deleted documents."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, DateTime, Row, and_, delete, func, insert, literal, or_, select, update

from services.documents.models import advices, deposits, document_changes, document_versions, documents, dossiers
from services.documents.store.documents import documents_with_files

IN_TRASH = "documents.deleted_at is not null"
DELETED_LAST_FIRST = "order by documents.deleted_at desc, documents.id desc limit %(limit)s"


def note_change(connection: Connection, siret: str, **values: Any) -> None:
    """Keep what changed, who changed it and when."""
    connection.execute(insert(document_changes).values(siret=siret, **values))


def changes_of(connection: Connection, siret: str, document_id: UUID) -> Sequence[Row[Any]]:
    """The changes of one document, newest first."""
    same = and_(document_changes.c.siret == siret, document_changes.c.document_id == document_id)
    return connection.execute(select(document_changes).where(same).order_by(document_changes.c.id.desc())).all()


def deleted_document(connection: Connection, siret: str, document_id: UUID) -> Row[Any] | None:
    """One document in the trash."""
    query = documents_with_files(IN_TRASH, "documents.id = %(id)s")
    return connection.exec_driver_sql(query, {"siret": siret, "id": document_id}).one_or_none()


def deleted_documents(
    connection: Connection,
    siret: str,
    *,
    depositor_kind: str,
    deleted_after: datetime,
    before: tuple[datetime, UUID] | None,
    limit: int,
) -> Sequence[Row[Any]]:
    """A page of the trash, those deleted last first."""
    conditions = [IN_TRASH, "depositor_kind = %(kind)s", "deleted_at > %(deleted_after)s", "purging_at is null"]
    values: dict[str, Any] = {"siret": siret, "kind": depositor_kind, "deleted_after": deleted_after, "limit": limit}
    if before is not None:
        conditions.append("(documents.deleted_at, documents.id) < (%(before)s, %(before_id)s)")
        values |= {"before": before[0], "before_id": before[1]}
    return connection.exec_driver_sql(documents_with_files(*conditions, order=DELETED_LAST_FIRST), values).all()


def claim_expired(connection: Connection, *, deleted_before: datetime, now: datetime, limit: int) -> list[UUID]:
    """Documents that were in the trash too long, or claimed by a round that died: none is restored any more."""
    expired = (
        select(documents.c.id)
        .where(or_(documents.c.deleted_at < deleted_before, documents.c.purging_at < now))
        .order_by(documents.c.deleted_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    statement = update(documents).where(documents.c.id.in_(expired)).values(purging_at=now)
    return list(connection.scalars(statement.returning(documents.c.id)))


def claim_outdated(connection: Connection, *, category: str, months: int, now: datetime, limit: int) -> list[UUID]:
    """Documents kept as long as their category says, after their newest file and their dossier's end (K38)."""
    before = literal(now, DateTime(timezone=True)) - func.make_interval(0, months)
    newer = select(document_versions.c.document_id).where(
        document_versions.c.document_id == documents.c.id, document_versions.c.created_at >= before
    )
    unfinished = select(dossiers.c.dossier_number).where(
        dossiers.c.siret == documents.c.siret,
        dossiers.c.dossier_number == documents.c.dossier_number,
        dossiers.c.period_end >= before,
    )
    outdated = (
        select(documents.c.id)
        .where(documents.c.category == category, documents.c.deleted_at.is_(None), documents.c.deposited_at < before)
        .where(~newer.exists(), ~unfinished.exists())
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    statement = update(documents).where(documents.c.id.in_(outdated)).values(deleted_at=now, purging_at=now)
    return list(connection.scalars(statement.returning(documents.c.id)))


def keys_of(connection: Connection, document_ids: Collection[UUID]) -> list[str]:
    """The objects of these documents, all versions."""
    query = select(document_versions.c.object_key).where(document_versions.c.document_id.in_(document_ids))
    return list(connection.scalars(query))


def remove_documents(connection: Connection, document_ids: Collection[UUID]) -> Sequence[Any]:
    """Forget documents whose objects are gone, and which those were; the records of openings and changes stay."""
    connection.execute(delete(deposits).where(deposits.c.document_id.in_(document_ids)))
    connection.execute(delete(advices).where(advices.c.document_id.in_(document_ids)))
    connection.execute(delete(document_versions).where(document_versions.c.document_id.in_(document_ids)))
    gone = delete(documents).where(documents.c.id.in_(document_ids))
    return connection.execute(gone.returning(documents.c.siret, documents.c.id, documents.c.category)).all()
