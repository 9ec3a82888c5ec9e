"""Names and arguments of what stands on the broker: exchanges, a handler's queues, the queues of RPC.

The one declaration: services declare from it when they start, `espace migrate` applies it beforehand,
so that nothing published before a service's first start is lost.
"""

from dataclasses import dataclass, field
from typing import Any

from espace_contracts.envelope import EventData

RPC_EXCHANGE = "nameko-rpc"
RETRY_DELAYS = {"5s": 5_000, "30s": 30_000, "5m": 300_000}  # milliseconds
DEAD_LETTER_DAYS = 30  # dead letters hold personal data (K38)
DELIVERY_LIMIT = 50  # deliveries that end in a consumer's death; our own attempts are counted in a header

SAFE_DEAD_LETTERING = {
    "x-dead-letter-exchange": "",
    "x-dead-letter-strategy": "at-least-once",
    "x-overflow": "reject-publish",
}


@dataclass(frozen=True)
class QueueSpec:
    """A durable queue, and the exchange and key that feed it (none: reached by its name)."""

    name: str
    arguments: dict[str, Any] = field(default_factory=dict)
    exchange: str = ""
    routing_key: str = ""


def event_queue_name(service: str, data_class: type[EventData]) -> str:
    """`<service>.<Type>.v1`: it holds no handler's name, so a rename orphans nothing (trap 2)."""
    return f"{service}.{data_class.type}"


def event_queues(service: str, data_class: type[EventData]) -> list[QueueSpec]:
    """The queue of a handler, its delayed retries and its dead letters; all replicated."""
    name = event_queue_name(service, data_class)
    quorum = {"x-queue-type": "quorum"}
    main = QueueSpec(
        name,
        quorum
        | SAFE_DEAD_LETTERING
        | {"x-dead-letter-routing-key": f"{name}.dead", "x-delivery-limit": DELIVERY_LIMIT},
        exchange=data_class.exchange,
        routing_key=data_class.type,
    )
    retries = [
        QueueSpec(
            f"{name}.retry.{delay}",
            quorum | SAFE_DEAD_LETTERING | {"x-dead-letter-routing-key": name, "x-message-ttl": milliseconds},
        )
        for delay, milliseconds in RETRY_DELAYS.items()
    ]
    dead = QueueSpec(f"{name}.dead", quorum | {"x-message-ttl": DEAD_LETTER_DAYS * 86_400_000})
    return [main, *retries, dead]


def rpc_queues(service: str) -> list[QueueSpec]:
    """The requests of a service, as stock nameko declares them, and the requests nobody could read."""
    name = f"rpc-{service}"
    dead = QueueSpec(f"{name}.dead", {"x-queue-type": "quorum", "x-message-ttl": DEAD_LETTER_DAYS * 86_400_000})
    return [QueueSpec(name, exchange=RPC_EXCHANGE, routing_key=f"{service}.*"), dead]
