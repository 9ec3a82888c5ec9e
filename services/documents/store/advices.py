"""The queries of remittance advices. A payment number is unique over all employers."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, and_, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert

from services.documents.models import advices, document_versions, documents

LOCK = text("select pg_advisory_xact_lock(hashtext('advice'), hashtext(:payment_number))")


def lock_advice(connection: Connection, payment_number: str) -> Row[Any] | None:
    """The advice of this payment; other versions of the same payment wait for this transaction, also the first time."""
    connection.execute(LOCK, {"payment_number": payment_number})
    return connection.execute(select(advices).where(advices.c.payment_number == payment_number)).one_or_none()


def find_advice(connection: Connection, siret: str, payment_number: str) -> UUID | None:
    """The document that is the advice of this employer's payment."""
    same = and_(advices.c.siret == siret, advices.c.payment_number == payment_number)
    return connection.scalar(select(advices.c.document_id).where(same))


def save_advice(connection: Connection, siret: str, *, payment_number: str, **values: Any) -> None:
    """Which document is the payment's advice, as of which version of the payment, and whether the funder deposited it."""
    values["siret"] = siret
    statement = upsert(advices).values(payment_number=payment_number, **values)
    connection.execute(statement.on_conflict_do_update(index_elements=["payment_number"], set_=values))


def withdraw(connection: Connection, siret: str, document_id: UUID, *, now: datetime) -> None:
    """The document is no longer this employer's."""
    same = and_(documents.c.siret == siret, documents.c.id == document_id)
    connection.execute(update(documents).where(same).values(deleted_at=now))


def set_drawn(connection: Connection, siret: str, document_id: UUID, version: int, **values: Any) -> None:
    """The bytes are in the store: size, sha256, drawn_at."""
    same = and_(
        document_versions.c.siret == siret,
        document_versions.c.document_id == document_id,
        document_versions.c.version == version,
    )
    connection.execute(update(document_versions).where(same).values(**values))
