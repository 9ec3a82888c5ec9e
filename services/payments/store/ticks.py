"""Queries of the ticks; each takes the employer first."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from espace_contracts.types import Actor
from sqlalchemy import Connection, Row, text

from services.payments.search import Criteria
from services.payments.store.searches import conditions_of, run

LOCK_OWN = text(
    "select payment_number, state, ticked_at is not null as ticked, tick_batch from payments"
    " where siret = :siret and payment_number = any(:numbers) and state <> 'awaited'"
    " order by payment_number for update"
)
TO_TICK = "select payment_number from payments where {found} order by paid_on desc, dossier_number limit %(most)s"
TO_TICK_COUNT = "select count(*) from payments where {found}"
SEEN = "coalesce(stated_at, recorded_at) <= %(seen_until)s"
BATCH = text("select payment_number from payments where siret = :siret and tick_batch = :batch")
TICK = text(
    "update payments set ticked_at = :now, ticked_by_account = :account_id, ticked_by_name = :name,"
    " tick_batch = :batch, untick_reason = null, changed_at = :now where siret = :siret and payment_number = any(:numbers)"
)
UNTICK = text(
    "update payments set ticked_at = null, ticked_by_account = null, ticked_by_name = null,"
    " tick_batch = null, untick_reason = null, changed_at = :now where siret = :siret and payment_number = any(:numbers)"
)


def lock_own(connection: Connection, siret: str, numbers: Iterable[str]) -> dict[str, Row[Any]]:
    """The employer's own among *numbers*, locked, by number."""
    values = {"siret": siret, "numbers": list(numbers)}
    return {row.payment_number: row for row in connection.execute(LOCK_OWN, values)}


@dataclass(frozen=True)
class ToTick:
    """The newest payments of a search that can be ticked; *left* were too many, *newer* nobody has looked at."""

    numbers: Sequence[str]
    left: int
    newer: int


def to_tick(
    connection: Connection, siret: str, criteria: Criteria, *, most: int, seen_until: datetime | None
) -> ToTick:
    """What can be ticked of the search: *most* at a time, stated until *seen_until*."""
    conditions, values = conditions_of(siret, criteria)
    conditions = (*conditions, "ticked_at is null", "state = 'current'")
    values |= {"seen_until": seen_until}
    seen = (*conditions, SEEN) if seen_until else conditions
    numbers = run(connection, TO_TICK, seen, values | {"most": most}).scalars().all()
    left = 0 if len(numbers) < most else run(connection, TO_TICK_COUNT, seen, values).scalar_one() - most
    unseen = (*conditions, f"not ({SEEN})")
    newer = run(connection, TO_TICK_COUNT, unseen, values).scalar_one() if seen_until else 0
    return ToTick(numbers, left, newer)


def batch(connection: Connection, siret: str, batch_id: UUID) -> Sequence[str]:
    """Numbers of the payments that still carry the tick of this batch."""
    return connection.execute(BATCH, {"siret": siret, "batch": batch_id}).scalars().all()


def tick(
    connection: Connection, siret: str, numbers: Sequence[str], *, actor: Actor, batch_id: UUID | None, now: datetime
) -> None:
    """Mark these payments of the employer as checked by *actor*."""
    who = {"account_id": actor.account_id, "name": actor.name, "batch": batch_id}
    connection.execute(TICK, {"siret": siret, "numbers": list(numbers), "now": now, **who})


def untick(connection: Connection, siret: str, numbers: Sequence[str], *, now: datetime) -> None:
    """Remove the marks of these payments of the employer."""
    connection.execute(UNTICK, {"siret": siret, "numbers": list(numbers), "now": now})
