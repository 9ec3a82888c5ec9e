"""A burial is noted once, and its sender told once, in one transaction."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from espace_contracts.envelope import EventData, canonical_sha256, read_json
from espace_contracts.registry import OWNERS, REJECTIONS
from sqlalchemy import Connection, text

from chassis import outbox

NOTE = text(
    "insert into burials (queue, source, event_id, data_sha256, reason, fields, attempts)"
    " values (:queue, :source, :event_id, :data_sha256, :reason, :fields, :attempts) on conflict do nothing"
)
LONGEST = 200


@dataclass(frozen=True)
class Burial:
    """A message that this service gives up, and why."""

    queue: str
    data_class: type[EventData]
    body: bytes
    reason: str
    fields: tuple[str, ...]
    attempts: int


def note(connection: Connection, burial: Burial, *, service: str, at: datetime) -> None:
    """Note *burial*; the first time, the owner of the message's type tells its sender by MessageRejected."""
    source, event_id, digest = _identity(burial.body)
    row = {
        "queue": burial.queue,
        "source": source or "",
        "event_id": event_id or "",
        "data_sha256": digest,
        "reason": burial.reason,
        "fields": list(burial.fields),
        "attempts": burial.attempts,
    }
    first_time = connection.execute(NOTE, row).rowcount == 1
    if first_time and OWNERS.get(burial.data_class.type) == service:
        told = REJECTIONS[service](
            event_type=burial.data_class.type,
            event_id=event_id,
            source=source,
            reason=burial.reason,
            fields=burial.fields,
        )
        outbox.publish(connection, told, subject=event_id or burial.data_class.type, at=at)


def _identity(body: bytes) -> tuple[str | None, str | None, str]:
    """Source, id and SHA-256 of the data, as far as they can be read."""
    try:
        document = read_json(body)
    except ValueError:
        document = None
    if not isinstance(document, dict):
        return None, None, hashlib.sha256(body).hexdigest()
    source, event_id = document.get("source"), document.get("id")
    return _short(source), _short(event_id), canonical_sha256(document.get("data"))


def _short(value: Any) -> str | None:
    return value[:LONGEST] if isinstance(value, str) and value and "\x00" not in value else None
