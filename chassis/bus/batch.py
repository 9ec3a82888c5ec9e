"""`@subscribe_in_batches(EventClass)`: many events in one transaction, and none of them harmed by a bad one.

What has come while the last batch was written is the next batch. It is acknowledged by one acknowledgement
after the commit. When a batch fails its messages are handled one by one, so that only the bad one is retried
or buried.
"""

from collections.abc import Callable
from typing import Any

import eventlet
import structlog
from espace_contracts.envelope import EventData, InvalidMessage
from eventlet.event import Event as Signal
from nameko.exceptions import ContainerBeingKilled

from chassis.bus.incidents import OUTAGES
from chassis.bus.subscribe import Subscription, read_message
from chassis.bus.timelimits import timeouts_are_errors

log = structlog.get_logger()

LARGEST_BATCH = 500
PREFETCH = 1000  # the next batch is here already while this one is written
OUTAGE_PAUSE = 1.0  # seconds before a batch is tried again when a server is away


class BatchSubscription(Subscription):
    """The entrypoint behind `@subscribe_in_batches`: its method gets a list of events of one type."""

    batched = True
    prefetch_count = PREFETCH

    def setup(self) -> None:
        """Consumes its queue from start on."""
        super().setup()
        self._waiting: list[Any] = []
        self._arrived = Signal()
        self._stopping = False

    def start(self) -> None:
        """Starts the loop that takes batches."""
        self._thread = eventlet.spawn(self._run)

    def stop(self) -> None:
        """Takes no more messages; the batch in hand is finished, what waits goes back to the broker."""
        self._stopping = True
        super().stop()
        self._wake()
        self._thread.wait()

    def declare(self, channel: Any) -> None:
        """Called after each (re)connection: what waited from the lost one comes again."""
        self._waiting.clear()
        super().declare(channel)

    def receive(self, message: Any) -> None:
        """A raw message has come."""
        self._waiting.append(message)
        self._wake()

    def _wake(self) -> None:
        if not self._arrived.ready():
            self._arrived.send(None)

    def _run(self) -> None:
        while True:
            self._arrived.wait()
            self._arrived = Signal()
            while self._waiting and not self._stopping:
                batch, self._waiting[:LARGEST_BATCH] = self._waiting[:LARGEST_BATCH], []
                try:
                    self._handle(batch)
                except ContainerBeingKilled:
                    return
                except Exception:
                    log.exception("batch_not_handled", queue=self.queue.name, count=len(batch))
                    eventlet.sleep(OUTAGE_PAUSE)
            if self._stopping:
                return

    def _handle(self, batch: list[Any]) -> None:
        readable, events = self._read(batch)
        if not events:
            return
        error = self._call(events)
        while isinstance(error, OUTAGES) and not self._stopping:
            log.warning("batch_waits", queue=self.queue.name, count=len(events), reason=type(error).__name__)
            eventlet.sleep(OUTAGE_PAUSE)
            error = self._call(events)
        if error is None:
            self.queue_consumer.ack_up_to(readable[-1])
        else:
            for message, event in zip(readable, events, strict=True):
                self.settle(message, self._call([event]))

    def _read(self, batch: list[Any]) -> tuple[list[Any], list[Any]]:
        """Messages and their events; what nobody can read is buried on the way."""
        readable, events = [], []
        for message in batch:
            try:
                events.append(read_message(message, self.data_class))
                readable.append(message)
            except InvalidMessage as exc:
                self.settle(message, exc)
        return readable, events

    def _call(self, events: list[Any]) -> Exception | None:
        """Run the service's method on *events* in a worker; how it failed."""
        done = Signal()

        def handle_result(_worker_ctx: Any, result: Any, exc_info: Any) -> Any:
            done.send(exc_info[1] if exc_info else None)
            return result, exc_info

        self.container.spawn_worker(self, (events,), {}, handle_result=handle_result)
        outcome: Exception | None = done.wait()
        return outcome


def subscribe_in_batches(data_class: type[EventData]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Call a service's method with lists of events of this type, in one transaction a list."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        return BatchSubscription.decorator(data_class)(timeouts_are_errors(function))

    return decorate
