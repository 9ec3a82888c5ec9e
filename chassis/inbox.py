"""Each event once: its id is noted in the transaction that applies it (R3)."""

from collections.abc import Sequence
from typing import Any

from espace_contracts.envelope import Event, InvalidMessage
from sqlalchemy import Connection, text

NOTE = text(
    "insert into inbox (consumer, source, event_id, data_sha256) values (:consumer, :source, :event_id, :data_sha256)"
    " on conflict do nothing"
)
KNOWN = text("select data_sha256 from inbox where consumer = :consumer and source = :source and event_id = :event_id")


NOTE_ALL = text(
    "insert into inbox (consumer, source, event_id, data_sha256)"
    " select :consumer, * from unnest(cast(:sources as text[]), cast(:ids as text[]), cast(:digests as text[]))"
    " on conflict do nothing returning source, event_id"
)
KNOWN_ALL = text("select source, event_id, data_sha256 from inbox where consumer = :consumer and event_id = any(:ids)")


class AlreadyApplied(Exception):
    """This consumer has applied this event before."""


def note(connection: Connection, *, consumer: str, event: Event[Any]) -> None:
    """Note *event* for *consumer*; a concurrent delivery waits for this transaction to end.

    Raises AlreadyApplied; InvalidMessage("id_reused") when the id came before with other data.
    """
    key = {"consumer": consumer, "source": event.source, "event_id": event.id}
    if connection.execute(NOTE, key | {"data_sha256": event.data_sha256}).rowcount:
        return
    if connection.execute(KNOWN, key).scalar_one() != event.data_sha256:
        raise InvalidMessage("id_reused", ("id",))
    raise AlreadyApplied


def note_all(connection: Connection, *, consumer: str, events: Sequence[Event[Any]]) -> list[Event[Any]]:
    """Note *events* for *consumer* in two statements at most; those that are new, each once, in their order.

    Raises InvalidMessage("id_reused") when one of the ids came with other data, before or in this batch.
    """
    first = {(event.source, event.id): event for event in reversed(events)}
    rows = sorted(first)  # one order for all replicas, or two batches could wait for each other
    noted = connection.execute(
        NOTE_ALL,
        {
            "consumer": consumer,
            "sources": [source for source, _ in rows],
            "ids": [event_id for _, event_id in rows],
            "digests": [first[key].data_sha256 for key in rows],
        },
    ).all()
    new = {(row.source, row.event_id) for row in noted}
    if len(new) < len(events):
        _refuse_reused(connection, consumer, events)
    return [event for event in events if (event.source, event.id) in new and first[event.source, event.id] is event]


def _refuse_reused(connection: Connection, consumer: str, events: Sequence[Event[Any]]) -> None:
    known = connection.execute(KNOWN_ALL, {"consumer": consumer, "ids": [event.id for event in events]}).all()
    digests = {(row.source, row.event_id): row.data_sha256 for row in known}
    if any(digests[event.source, event.id] != event.data_sha256 for event in events):
        raise InvalidMessage("id_reused", ("id",))
