"""Ticks: one, several, or all of a search, and what takes them back."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from espace_contracts import payments as api
from espace_contracts.errors import NotFound
from sqlalchemy import Connection, Row

from chassis import outbox
from services.payments.search import read_search
from services.payments.store import ticks as store


def tick(connection: Connection, request: api.TickPayments, *, now: datetime) -> api.TickedPayments:
    """Mark as checked; those that are already stay as they are, with who and when.

    Raises NotFound, with nothing changed, if any named one is not the employer's own or is cancelled; InvalidRequest
    for a search like the list.
    """
    left = newer = 0
    if request.search is None:
        changed = _own(connection, request.siret, request.payment_numbers, ticked=False)
    else:
        found = store.to_tick(
            connection,
            request.siret,
            read_search(request.search),
            most=api.MOST_TICKED,
            seen_until=request.seen_until,
        )
        left, newer = found.left, found.newer
        changed = _still(store.lock_own(connection, request.siret, found.numbers), found.numbers, ticked=False)
    batch = uuid4() if len(changed) > 1 else None
    if changed:
        store.tick(connection, request.siret, changed, actor=request.actor, batch_id=batch, now=now)
    outbox.publish_all(connection, [(_ticked(request, number, now), number) for number in changed], at=now)
    return api.TickedPayments(changed=changed, batch=batch, left=left, newer=newer)


def _ticked(request: api.TickPayments, number: str, now: datetime) -> api.PaymentTicked:
    account_id = request.actor.account_id
    return api.PaymentTicked(siret=request.siret, payment_number=number, account_id=account_id, ticked_at=now)


def untick(connection: Connection, request: api.UntickPayments, *, now: datetime) -> api.TickedPayments:
    """Remove the marks; those without stay as they are. Raises NotFound like `tick`.

    Of a batch only what still carries its tick: what somebody has ticked anew since is theirs.
    """
    if request.batch is None:
        changed = _own(connection, request.siret, request.payment_numbers, ticked=True)
    else:
        changed = _of_batch(connection, request.siret, request.batch)
    if changed:
        store.untick(connection, request.siret, changed, now=now)
    outbox.publish_all(connection, [(_unticked(request, number), number) for number in changed], at=now)
    return api.TickedPayments(changed=changed)


def _unticked(request: api.UntickPayments, number: str) -> api.PaymentUnticked:
    account_id = request.actor.account_id
    return api.PaymentUnticked(siret=request.siret, payment_number=number, account_id=account_id, reason="removed")


def _own(connection: Connection, siret: str, named: Sequence[str], *, ticked: bool) -> tuple[str, ...]:
    numbers = tuple(dict.fromkeys(named))
    own = store.lock_own(connection, siret, numbers)
    if any(number not in own or own[number].state != "current" for number in numbers):
        raise NotFound("a payment is unknown, cancelled or another employer's", "payment_numbers")
    return _still(own, numbers, ticked=ticked)


def _of_batch(connection: Connection, siret: str, batch: UUID) -> tuple[str, ...]:
    numbers = store.batch(connection, siret, batch)
    own = store.lock_own(connection, siret, numbers)
    return tuple(number for number in numbers if number in own and own[number].tick_batch == batch)


def _still(own: dict[str, Row[Any]], numbers: Sequence[str], *, ticked: bool) -> tuple[str, ...]:
    """Those that can change, now that they are locked."""
    return tuple(
        number
        for number in numbers
        if number in own and own[number].state == "current" and own[number].ticked is ticked
    )
