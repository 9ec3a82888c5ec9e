"""The queries of deposits: files that are announced and not yet documents."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, and_, delete, insert, select, union_all, update

from services.documents.models import deposits, document_versions


def add_deposit(connection: Connection, siret: str, **values: Any) -> None:
    """Announce a file; its key is known here before an object can exist under it."""
    connection.execute(insert(deposits).values(siret=siret, **values))


def get_deposit(connection: Connection, siret: str, deposit_id: UUID, *, lock: bool = False) -> Row[Any] | None:
    """The employer's deposit; with *lock* held until the transaction ends."""
    query = select(deposits).where(deposits.c.siret == siret, deposits.c.id == deposit_id)
    return connection.execute(query.with_for_update() if lock else query).one_or_none()


def set_deposit(connection: Connection, siret: str, deposit_id: UUID, **values: Any) -> None:
    """What became of the deposit: document_id, or refusal."""
    same = and_(deposits.c.siret == siret, deposits.c.id == deposit_id)
    connection.execute(update(deposits).where(same).values(**values))


def claim_abandoned(connection: Connection, *, begun_before: datetime, now: datetime, limit: int) -> Sequence[Row[Any]]:
    """Deposits that never became documents, marked so that none can any more; also those marked by a sweep that died."""
    abandoned = (
        select(deposits.c.id)
        .where(deposits.c.document_id.is_(None), deposits.c.begun_at < begun_before)
        .order_by(deposits.c.begun_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    statement = update(deposits).where(deposits.c.id.in_(abandoned)).values(swept_at=now)
    return connection.execute(statement.returning(deposits.c.id, deposits.c.object_key)).all()


def remove_deposits(connection: Connection, deposit_ids: Collection[UUID]) -> None:
    """Forget deposits whose objects are gone."""
    connection.execute(delete(deposits).where(deposits.c.id.in_(deposit_ids), deposits.c.document_id.is_(None)))


def known_keys(connection: Connection, keys: Collection[str]) -> set[str]:
    """Those of *keys* that a deposit or a document names."""
    named = union_all(
        select(deposits.c.object_key).where(deposits.c.object_key.in_(keys)),
        select(document_versions.c.object_key).where(document_versions.c.object_key.in_(keys)),
    )
    return set(connection.scalars(named))
