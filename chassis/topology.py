"""Names and arguments of what stands on the broker: exchanges, a handler's queues, the queues of RPC.

The one declaration: services declare from it when they start, `espace migrate` applies it beforehand,
so that nothing published before a service's first start is lost.
"""

from dataclasses import dataclass, field
from typing import Any

from espace_contracts.envelope import EventData

RPC_EXCHANGE = "nameko-rpc"
REPLY_KEY = "^[A-Za-z0-9_-]+$"  # no dot, star or hash: nobody can listen to requests or to all replies
RETRY_DELAYS = {"5s": 5_000, "30s": 30_000, "5m": 300_000}  # milliseconds
DEAD_LETTER_DAYS = 30  # dead letters hold personal data (K38)
DELIVERY_LIMIT = 50  # deliveries that end in a consumer's death; our own attempts are counted in a header


@dataclass(frozen=True)
class Binding:
    """What feeds a queue."""

    exchange: str
    exchange_type: str
    routing_key: str


@dataclass(frozen=True)
class QueueSpec:
    """A durable queue and its bindings."""

    name: str
    bindings: tuple[Binding, ...]
    arguments: dict[str, Any] = field(default_factory=dict)


def delivery_exchange(service: str) -> str:
    """The service's own exchange for retries and dead letters, a queue's name being its key.

    Through the default exchange a service could reach every queue of the others (K31).
    """
    return f"{service}.delivery"


def event_queue_name(service: str, data_class: type[EventData]) -> str:
    """`<service>.<Type>.v1`: it holds no handler's name, so a rename orphans nothing (trap 2)."""
    return f"{service}.{data_class.type}"


def event_queues(service: str, data_class: type[EventData]) -> list[QueueSpec]:
    """The queue of a handler, its delayed retries and its dead letters; all replicated (quorum)."""
    name = event_queue_name(service, data_class)
    events = Binding(data_class.exchange, "topic", data_class.type)
    limits = _dead_lettering(service, to=f"{name}.dead") | {"x-delivery-limit": DELIVERY_LIMIT}
    main = QueueSpec(name, (events, _by_name(service, name)), limits)
    retries = [
        QueueSpec(
            f"{name}.retry.{delay}",
            (_by_name(service, f"{name}.retry.{delay}"),),
            _dead_lettering(service, to=name) | {"x-message-ttl": milliseconds},
        )
        for delay, milliseconds in RETRY_DELAYS.items()
    ]
    return [main, *retries, _dead_letters(service, name)]


def rpc_queues(service: str) -> list[QueueSpec]:
    """The requests of a service, as stock nameko declares them, and the requests nobody could read."""
    name = f"rpc-{service}"
    return [
        QueueSpec(name, (Binding(RPC_EXCHANGE, "topic", f"{service}.*"),)),
        _dead_letters(service, name),
    ]


def _by_name(service: str, queue: str) -> Binding:
    return Binding(delivery_exchange(service), "direct", queue)


def _dead_lettering(service: str, *, to: str) -> dict[str, Any]:
    return {
        "x-queue-type": "quorum",
        "x-dead-letter-exchange": delivery_exchange(service),
        "x-dead-letter-routing-key": to,
        "x-dead-letter-strategy": "at-least-once",
        "x-overflow": "reject-publish",
    }


def _dead_letters(service: str, queue: str) -> QueueSpec:
    name = f"{queue}.dead"
    arguments = {"x-queue-type": "quorum", "x-message-ttl": DEAD_LETTER_DAYS * 86_400_000}
    return QueueSpec(name, (_by_name(service, name),), arguments)
