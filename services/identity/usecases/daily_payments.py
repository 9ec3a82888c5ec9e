"""« Told when money comes »: what payments came in, and one mail a day that tells it."""

from collections.abc import Iterable, Sequence
from datetime import datetime, time
from decimal import Decimal
from itertools import groupby
from typing import Any

from espace_contracts.envelope import Event
from espace_contracts.payments import PaymentRecorded
from sqlalchemy import Connection, Row

from services.identity import domain
from services.identity.store import arrivals as store
from services.identity.usecases import mails

MOST_LINES = 30  # of a mail; all of it is in the list


def note(connection: Connection, events: Iterable[Event[PaymentRecorded]], *, at: time, now: datetime) -> None:
    """Remember what *events* tell, whatever their order; the newest version of each payment counts.

    What is too old to be told of is forgotten, unless it may supersede something that comes late.
    """
    newest: dict[str, Event[PaymentRecorded]] = {}
    for event in events:
        known = newest.setdefault(event.data.payment_number, event)
        if (event.data.version, event.time) > (known.data.version, known.time):
            newest[event.data.payment_number] = event
    arrivals = [_arrival(event, at=at, now=now) for event in newest.values()]
    store.keep(connection, [one for one in arrivals if one["due_at"] or one["version"] > 1])


def _arrival(event: Event[PaymentRecorded], *, at: time, now: datetime) -> dict[str, Any]:
    payment = event.data
    cancelled = payment.state == "cancelled"
    members = ("payment_number", "siret", "version", "dossier_number", "amount", "paid_hours", "paid_on")
    return {name: getattr(payment, name) for name in members} | {
        "stated_at": event.time,
        "cancelled": cancelled,
        "due_at": None if cancelled else domain.told_at(payment.paid_on, now, at),
        "heard_at": now,
    }


def tell_next(connection: Connection, *, at: time, now: datetime) -> bool:
    """Write the mails of one employer who is to be told by now; False when there is none.

    An employer is told once a turn: what was heard of too late for the mail that has left waits for the next one.
    Without an account to tell, or a payment that is still recent, nothing is told, now or later.
    """
    first = store.next_due(connection)
    if first is None or first.due_at > now:
        return False
    siret = first.siret
    found = store.of_employer(connection, siret, now=now)  # a replica that waited for its locks finds the mail written
    turn = domain.last_daily(now, at)
    if found and store.was_told(connection, siret, name=mails.PAYMENTS_RECEIVED, since=turn):
        store.postpone(connection, siret, due_at=domain.next_daily(now, at), now=now)
        return True
    recent = [arrival for arrival in found if domain.is_recent(arrival.paid_on, turn)]
    for account_id in store.accounts_to_tell(connection, siret) if recent else ():
        letter = mails.Letter(
            name=mails.PAYMENTS_RECEIVED, account_id=account_id, siret=siret, facts=told_facts(recent)
        )
        mails.queue(connection, letter, now=now)
    store.settle(connection, siret, now=now)
    return True


def told_facts(arrivals: Sequence[Row[Any]]) -> dict[str, Any]:
    """What the mail says: a line for each date and dossier, as in the list, newest first, and the sums of all."""
    ordered = sorted(arrivals, key=_date_and_dossier)
    lines = [_line(list(together)) for _, together in groupby(ordered, key=_date_and_dossier)]
    shown = lines[:MOST_LINES]
    return {
        **_sums(ordered),
        "lines": shown,
        "lines_left_out": len(lines) - len(shown),
    }


def _date_and_dossier(arrival: Row[Any]) -> tuple[int, str]:
    return -arrival.paid_on.toordinal(), arrival.dossier_number


def _line(together: Sequence[Row[Any]]) -> dict[str, Any]:
    first = together[0]
    return {"paid_on": first.paid_on.isoformat(), "dossier_number": first.dossier_number, **_sums(together)}


def _sums(arrivals: Sequence[Row[Any]]) -> dict[str, Any]:
    return {
        "count": len(arrivals),
        "amount": str(sum((one.amount for one in arrivals), Decimal(0))),
        "hours": str(sum((one.paid_hours for one in arrivals), Decimal(0))),
    }


def seconds_until_next(connection: Connection, *, now: datetime, at_most: float) -> float:
    """How long the loop may sleep."""
    first = store.next_due(connection)
    return at_most if first is None else min(max((first.due_at - now).total_seconds(), 0.0), at_most)
