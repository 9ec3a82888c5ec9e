"""Look into dead-letter queues, send their messages back, or drop them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any
from uuid import uuid4

import kombu
import orjson

from chassis.tls import broker_options
from chassis.topology import delivery_exchange

SUFFIX = ".dead"
RPC_PREFIX = "rpc-"
ROUND = "redrive-round"  # header: which call of redrive sent the message back last
CONFIRM_SECONDS = 10
TEXT_SHOWN = 2000  # characters of a body


class CannotRedrive(Exception):
    """The queue holds requests: their callers are gone, so nobody would get the answer."""


@dataclass(frozen=True)
class DeadLetter:
    """One buried message as `espace dead-letters show` prints it."""

    queue: str
    event_id: str | None
    type: str | None
    reason: str
    attempts: int
    origin: str
    body: str

    def as_json(self) -> dict[str, Any]:
        """A JSON-ready object."""
        return asdict(self)


@contextmanager
def _channel(amqp_url: str) -> Iterator[Any]:
    options = {"confirm_publish": True}
    tls = broker_options(amqp_url, None)
    with kombu.Connection(amqp_url, ssl=tls, connect_timeout=5, transport_options=options) as connection:
        channel = connection.channel()
        channel.auto_decode = False
        yield channel


def count(amqp_url: str, names: list[str]) -> dict[str, int]:
    """How many messages each queue holds, as the broker knows it now (its management API is seconds behind)."""
    with _channel(amqp_url) as channel:
        return {name: channel.queue_declare(name, passive=True).message_count for name in names}


def show(amqp_url: str, queue: str, *, limit: int = 20) -> list[DeadLetter]:
    """The first *limit* messages of *queue*, which stay there."""
    with _channel(amqp_url) as channel:
        taken = [message for message in (channel.basic_get(queue) for _ in range(limit)) if message is not None]
        letters = [_letter(queue, message) for message in taken]
        for message in taken:
            channel.basic_reject(message.delivery_info["delivery_tag"], requeue=True)
    return letters


def redrive(amqp_url: str, queue: str, *, event_id: str | None = None) -> int:
    """Send messages back to the handler's queue with a fresh count of attempts; how many.

    Each is gone from *queue* only after the broker has confirmed its copy; a crash in between leaves both,
    which the inbox makes harmless. Raises CannotRedrive for requests of RPC.
    """
    if queue.startswith(RPC_PREFIX):
        raise CannotRedrive(queue)
    origin = queue.removesuffix(SUFFIX)
    exchange = delivery_exchange(origin.partition(".")[0])

    this_round = uuid4().hex

    def send_back(channel: Any, message: Any) -> None:
        kept = {name: value for name, value in _headers(message).items() if not name.startswith("x-")}
        kombu.Producer(channel).publish(
            message.body,
            exchange=exchange,
            routing_key=origin,
            headers=kept | {ROUND: this_round},
            delivery_mode=2,
            mandatory=True,
            confirm_timeout=CONFIRM_SECONDS,
            serializer=None,
            content_type=message.properties.get("content_type") or "application/octet-stream",
            content_encoding=message.properties.get("content_encoding") or "utf-8",
            message_id=message.properties.get("message_id"),
            type=message.properties.get("type"),
        )

    return _take(amqp_url, queue, _wanted(queue, event_id, this_round), send_back)


def discard(amqp_url: str, queue: str, *, event_id: str | None = None) -> int:
    """Drop messages for good; how many."""
    return _take(amqp_url, queue, _wanted(queue, event_id, ""), lambda channel, message: None)


def _wanted(queue: str, event_id: str | None, this_round: str) -> Callable[[Any], bool]:
    """What was sent back in this round and buried again at once is left alone, or there would be no end."""

    def wanted(message: Any) -> bool:
        if this_round and _headers(message).get(ROUND) == this_round:
            return False
        return event_id is None or _letter(queue, message).event_id == event_id

    return wanted


def _take(amqp_url: str, queue: str, wanted: Callable[[Any], bool], treat: Callable[[Any, Any], None]) -> int:
    """Treat the wanted messages, each once; the others go back at the end."""
    treated, others = 0, []
    with _channel(amqp_url) as channel:
        while (message := channel.basic_get(queue)) is not None:
            if not wanted(message):
                others.append(message)
                continue
            treat(channel, message)
            channel.basic_ack(message.delivery_info["delivery_tag"])
            treated += 1
        for message in others:
            channel.basic_reject(message.delivery_info["delivery_tag"], requeue=True)
    return treated


def _headers(message: Any) -> dict[str, Any]:
    return message.properties.get("application_headers") or {}


def _letter(queue: str, message: Any) -> DeadLetter:
    headers = _headers(message)
    body = bytes(message.body)
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        document = None
    event = document if isinstance(document, dict) else {}
    return DeadLetter(
        queue=queue,
        event_id=_text(event.get("id")),
        type=_text(event.get("type")),
        reason=str(headers.get("x-reason", headers.get("x-first-death-reason", ""))),
        attempts=int(headers.get("x-attempts", 0)),
        origin=str(headers.get("x-origin", headers.get("x-first-death-queue", ""))),
        body=body.decode(errors="replace")[:TEXT_SHOWN],
    )


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None
