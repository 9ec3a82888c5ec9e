"""Each event once: its id is noted in the transaction that applies it (R3)."""

from typing import Any

from espace_contracts.envelope import Event, InvalidMessage
from sqlalchemy import Connection, text

NOTE = text(
    "insert into inbox (consumer, source, event_id, data_sha256) values (:consumer, :source, :event_id, :data_sha256)"
    " on conflict do nothing"
)
KNOWN = text("select data_sha256 from inbox where consumer = :consumer and source = :source and event_id = :event_id")


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
