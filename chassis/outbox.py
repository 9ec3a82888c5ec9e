"""Events leave through a table: they are committed with the change that they tell of (R2)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import orjson
from espace_contracts.envelope import EventData, write_event
from sqlalchemy import Connection, text

from chassis import tracing

CHANNEL = "outbox"  # one notification a transaction wakes the relay: PostgreSQL folds equal ones
INSERT = text(
    "insert into outbox (event_id, type, exchange, body, created_at)"
    " values (:event_id, :type, :exchange, :body, :created_at)"
)
# One parameter for all rows: psycopg escapes the texts of an array one by one, which took longer than the inserting.
INSERT_ALL = text(
    "insert into outbox (event_id, type, exchange, body, created_at) select event_id, type, exchange, body, created_at"
    " from json_populate_recordset(cast(null as outbox), cast(:rows as json))"
)
EVENTS_A_TRIP = 250
WAKE = text(f"notify {CHANNEL}")


def publish(connection: Connection, data: EventData, *, subject: str, at: datetime) -> UUID:
    """Put the event in the outbox of this transaction; the relay publishes it after the commit. Its id."""
    row = _row(data, subject=subject, at=at)
    connection.execute(INSERT, row)
    connection.execute(WAKE)
    return row["event_id"]


def publish_all(connection: Connection, events: Sequence[tuple[EventData, str]], *, at: datetime) -> None:
    """The same for many events, each with its subject, in few round trips.

    Between them the process has its turn: rendering thousands at once would stop its other calls (trap 6).
    """
    for start in range(0, len(events), EVENTS_A_TRIP):
        part = events[start : start + EVENTS_A_TRIP]
        rows = [_row(data, subject=subject, at=at) for data, subject in part]
        connection.execute(INSERT_ALL, {"rows": orjson.dumps(rows).decode()})
    if events:
        connection.execute(WAKE)


def _row(data: EventData, *, subject: str, at: datetime) -> dict[str, Any]:
    event_id = uuid4()
    source = f"urn:espace-employeur:{data.exchange.removesuffix('.events')}"
    with tracing.span(f"publish {data.type}", kind="producer", messaging_system="rabbitmq"):
        trace = tracing.current()
    event = write_event(data, event_id=event_id, source=source, time=at, subject=subject, trace=trace)
    return {
        "event_id": event_id,
        "type": data.type,
        "exchange": data.exchange,
        "body": orjson.dumps(event).decode(),
        "created_at": at,
    }
