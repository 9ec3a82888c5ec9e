"""The queries of virus scans: versions of files that no scanner has cleared yet, of all employers."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, and_, select, tuple_, update

from services.documents.models import document_versions

_versions = document_versions.c


def claim_pending(connection: Connection, *, tried_before: datetime, now: datetime) -> Row[Any] | None:
    """The file that has waited longest, now being scanned; two scanners never claim the same.

    One that was tried is left alone until *tried_before*, so that it does not keep others from their turn.
    """
    waiting = (
        select(_versions.document_id, _versions.version)
        .where(_versions.scan == "pending")
        .where(_versions.scan_tried_at.is_(None) | (_versions.scan_tried_at < tried_before))
        .order_by(_versions.scan_tried_at.nulls_first(), _versions.created_at)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    statement = (
        update(document_versions)
        .where(tuple_(_versions.document_id, _versions.version).in_(waiting))
        .values(scan="scanning", scan_tried_at=now)
    )
    names = (_versions.siret, _versions.document_id, _versions.version, _versions.object_key)
    return connection.execute(statement.returning(*names)).one_or_none()


def release_stuck(connection: Connection, *, claimed_before: datetime) -> int:
    """Files whose scanner died are pending again; how many."""
    stuck = and_(_versions.scan == "scanning", _versions.scan_tried_at < claimed_before)
    return connection.execute(update(document_versions).where(stuck).values(scan="pending")).rowcount


def settle(connection: Connection, siret: str, document_id: UUID, version: int, *, scan: str) -> bool:
    """Whether the file was still being scanned and is `available`, `blocked` or `pending` again from now on."""
    same = and_(_versions.siret == siret, _versions.document_id == document_id, _versions.version == version)
    statement = update(document_versions).where(same, _versions.scan == "scanning").values(scan=scan)
    return bool(connection.execute(statement).rowcount)
