"""CloudEvents 1.0 in structured JSON: the envelope of every event (design: the bus is a public interface)."""

import hashlib
import json
from datetime import datetime
from itertools import islice
from typing import Annotated, Any, ClassVar, Generic, Literal, TypeVar
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, ValidationError
from pydantic_core import from_json

from espace_contracts.types import Message

CONTENT_TYPES = ("application/json", "application/cloudevents+json")
LARGEST_MESSAGE = 1_000_000  # bytes; a bus message describes things, it never carries files
MOST_FIELDS, LONGEST_FIELD = 50, 200  # of what is told about a faulty message: names of members are the sender's words


class EventData(Message):
    """The `data` of one event type; the class is the single source of its schema.

    Within a version only optional members are added, so members unknown to this reader are passed over.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    exchange: ClassVar[str]
    type: ClassVar[str]


class FunderEventData(EventData):
    """An event of the funder's systems: what it does not name is refused, since it is most likely a mistake."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


DataT = TypeVar("DataT", bound=EventData)
Attribute = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class Event(BaseModel, Generic[DataT]):
    """One event as received: the attributes that we use, and its typed data."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    specversion: Literal["1.0"]
    id: Attribute
    source: Attribute
    type: Attribute
    time: AwareDatetime
    subject: Attribute | None = None
    traceparent: Attribute | None = None
    correlationid: Attribute | None = None
    data: DataT
    data_sha256: str = Field(default="", exclude=True)


class InvalidMessage(ValueError):
    """The message can never become valid by waiting; *reason* is short, *fields* names the faulty members."""

    def __init__(self, reason: str, fields: tuple[str, ...] = ()) -> None:
        super().__init__(f"{reason}: {', '.join(fields)}" if fields else reason)
        self.reason = reason
        self.fields = fields


def faulty_fields(error: ValidationError) -> tuple[str, ...]:
    """Dotted paths of the members that *error* complains about, each once, without any value: up to 50, each printable."""
    paths = (".".join(str(part) for part in detail["loc"]) for detail in error.errors(include_input=False))
    return tuple(islice(dict.fromkeys(_printable(path) or "(root)" for path in paths), MOST_FIELDS))


def _printable(path: str) -> str:
    """Fit for a table and a log, which take neither NUL nor half a character."""
    return "".join(sign if sign.isprintable() else "?" for sign in path[:LONGEST_FIELD])


def read_json(body: bytes) -> Any:
    """What *body* says; stricter than Python's json: no NaN, no half of a surrogate pair (RFC 8259, RFC 7493 2.1).

    Raises ValueError.
    """
    return from_json(body, allow_inf_nan=False)


def canonical_sha256(data: Any) -> str:
    """SHA-256 (hex) of *data* as JSON with sorted members: two bodies are the same if and only if it is."""
    text = json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def read_event(body: bytes, data_class: type[DataT]) -> Event[DataT]:
    """The event in *body*, checked against *data_class*.

    Raises InvalidMessage with one of the reasons too_large, bad_json, wrong_type, invalid.
    """
    if len(body) > LARGEST_MESSAGE:
        raise InvalidMessage("too_large")
    try:
        document = read_json(body)
    except ValueError as exc:
        raise InvalidMessage("bad_json") from exc
    if not isinstance(document, dict):
        raise InvalidMessage("invalid", ("(root)",))
    if document.get("type") != data_class.type:
        raise InvalidMessage("wrong_type", ("type",))
    try:
        event = Event[data_class].model_validate(document)  # type: ignore[valid-type]
    except ValidationError as exc:
        raise InvalidMessage("invalid", faulty_fields(exc)) from exc
    return event.model_copy(update={"data_sha256": canonical_sha256(document["data"])})


def write_event(
    data: EventData, *, event_id: UUID, source: str, time: datetime, subject: str, trace: str | None = None
) -> dict[str, Any]:
    """The event as a JSON-ready object; *source* is a URN such as `urn:espace-employeur:identity`."""
    envelope = {
        "specversion": "1.0",
        "id": str(event_id),
        "source": source,
        "type": data.type,
        "time": time.isoformat(),
        "subject": subject,
        "datacontenttype": "application/json",
        "data": data.model_dump(mode="json", exclude_none=True),
    }
    if trace:
        envelope["traceparent"] = trace
    return envelope
