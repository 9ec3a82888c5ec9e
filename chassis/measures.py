"""Figures that lie in the database and on the broker, looked up every few seconds for `/metrics`.

Each replica looks for itself and finds the same: queries take the maximum over replicas, never the sum.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import structlog
from amqp.exceptions import AMQPError
from espace_contracts.registry import SUBSCRIPTIONS
from sqlalchemy import Connection, text

from chassis import metrics
from chassis.bus.incidents import OUTAGES
from chassis.bus.probe import BrokerProbe
from chassis.loops import Loop
from chassis.topology import event_queues, rpc_queues

log = structlog.get_logger()

EVERY = 15.0  # seconds
DEAD = ".dead"


@dataclass(frozen=True)
class Measure:
    """A query, and what is done with its rows."""

    query: str
    show: Callable[[Any], None]


def waiting(gauge: Any, age: Any, query: str) -> Measure:
    """A query of one row: how many wait, and the seconds that the oldest has waited (null when none does)."""

    def show(rows: Any) -> None:
        count, seconds = rows[0]
        gauge.set(count)
        age.set(max(seconds or 0, 0))

    return Measure(query, show)


OUTBOX = waiting(
    metrics.OUTBOX_WAITING,
    metrics.OUTBOX_AGE,
    "select count(*), extract(epoch from now() - min(created_at)) from outbox where published_at is null",
)


class Measures(Loop):
    """`measures` of a service; a service with more to tell lists its own besides the outbox."""

    probe = BrokerProbe()

    def __init__(self, *more: Measure) -> None:
        super().__init__()
        self._measures = (OUTBOX, *more)

    def setup(self) -> None:
        """Which queues are ours."""
        super().setup()
        service = self.container.service_name
        specs = [spec for data in SUBSCRIPTIONS[service] for spec in event_queues(service, data)]
        self._queues = [spec.name for spec in (*specs, *rpc_queues(service))]
        self._empty: dict[str, float] = {}

    def run_once(self) -> float:
        """One look at the database, one at the broker; what is away is somebody else's alarm."""
        try:
            with self.database.work() as connection:
                self._read(connection)
            self._count()
        except (*OUTAGES, AMQPError) as exc:
            log.info("measures_passed_over", reason=type(exc).__name__)
        return EVERY

    def _read(self, connection: Connection) -> None:
        for measure in self._measures:
            measure.show(connection.execute(text(measure.query)).all())

    def _count(self) -> None:
        now = time.monotonic()
        for queue, count in self.probe.counts(self._queues).items():
            if queue.endswith(DEAD):
                metrics.DEAD_LETTERS.labels(queue).set(count)
                continue
            if not count:
                self._empty[queue] = now
            metrics.QUEUE_MESSAGES.labels(queue).set(count)
            metrics.QUEUE_AGE.labels(queue).set(now - self._empty.setdefault(queue, now))
