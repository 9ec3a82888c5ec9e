"""`@subscribe(EventClass)`: at-least-once delivery with delayed retries and dead letters (R3, R13, R14).

nameko's event_handler acknowledges what raised and loses it (trap 1). Here a message is acknowledged after
its transaction has committed, or after the broker has confirmed its copy in a retry or dead-letter queue.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import eventlet
import structlog
from espace_contracts.envelope import CONTENT_TYPES, LARGEST_MESSAGE, Event, EventData, InvalidMessage, read_event
from espace_contracts.registry import SUBSCRIPTIONS
from nameko.exceptions import ContainerBeingKilled
from nameko.extensions import Entrypoint
from pydantic import ValidationError

from chassis import burials, metrics
from chassis.burials import Burial
from chassis.bus.consumer import PAUSE_BEFORE_REQUEUE, BusConsumer, kombu_queue
from chassis.bus.incidents import OUTAGES
from chassis.bus.publisher import ConfirmedPublisher
from chassis.bus.timelimits import timeouts_are_errors
from chassis.database import SharedDatabase
from chassis.inbox import AlreadyApplied
from chassis.loops import SharedClock
from chassis.topology import event_queues

log = structlog.get_logger()

SCHEDULE = ("5s", "5s", "30s", "30s", "5m", "5m")  # after the attempt of the same place; then dead letters
OUTAGE_DELAY = "5s"  # a server that is down is not the message's fault: such retries have no bound and do not count
ATTEMPTS = "x-attempts"


class Unacceptable(Exception):
    """The event can never be applied, however long one waits: straight to the dead letters."""


class Subscription(Entrypoint):
    """The entrypoint behind `@subscribe`: one queue, one event type."""

    queue_consumer = BusConsumer()
    publisher = ConfirmedPublisher()
    shared_database = SharedDatabase()
    shared_clock = SharedClock()

    def __init__(self, data_class: type[EventData], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.data_class = data_class

    def setup(self) -> None:
        """Consumes its queue from start on."""
        if self.data_class not in SUBSCRIPTIONS[self.container.service_name]:
            raise LookupError(f"{self.data_class.type} is not among the contracts' subscriptions")
        self._specs = event_queues(self.container.service_name, self.data_class)
        self.queue = kombu_queue(self._specs[0])
        self.queue_consumer.register_provider(self)

    def stop(self) -> None:
        """Stops taking messages; what is being handled is finished."""
        self.queue_consumer.unregister_provider(self)

    def declare(self, channel: Any) -> None:
        """Called after each (re)connection."""
        for spec in self._specs:
            kombu_queue(spec)(channel).declare()

    def handle_message(self, message: Any) -> None:
        """Start the worker for a raw message, or bury what nobody can read."""
        try:
            event = read_message(message, self.data_class)
        except InvalidMessage as exc:
            self._bury(message, exc)
            return
        handle_result = partial(self.handle_result, message)
        try:
            self.container.spawn_worker(self, (event,), {}, handle_result=handle_result)
        except ContainerBeingKilled:
            self.queue_consumer.requeue_message(message)

    def handle_result(self, message: Any, worker_ctx: Any, result: Any, exc_info: Any) -> Any:
        """The worker has ended."""
        self.settle(message, exc_info[1] if exc_info else None)
        return result, exc_info

    def settle(self, message: Any, error: Exception | None) -> None:
        """Acknowledge what was applied, now or before; retry later or bury what was not."""
        if error is None or isinstance(error, AlreadyApplied):
            self.queue_consumer.ack_message(message)
        elif isinstance(error, Unacceptable | InvalidMessage | ValidationError):
            self._bury(message, error)
        else:
            self._retry_or_bury(message, error)

    def _retry_or_bury(self, message: Any, error: Exception) -> None:
        attempts = attempts_of(message) + (not isinstance(error, OUTAGES))
        delay = next_delay(error, attempts)
        if delay is None:
            self._bury(message, error)
            return
        metrics.EVENTS.labels(self.queue.name, "retried").inc()
        log.warning(
            "event_retried",
            queue=self.queue.name,
            attempts=attempts,
            delay=delay,
            reason=_reason(error),
            exc_info=error,
        )
        self._move(message, f"{self.queue.name}.retry.{delay}", {ATTEMPTS: attempts, "x-reason": _reason(error)})

    def _bury(self, message: Any, error: Exception) -> None:
        """Note it and tell the sender, then move it; a crash in between does both again, and noting is once."""
        burial = Burial(
            queue=self.queue.name,
            data_class=self.data_class,
            body=_body(message),
            reason=_reason(error),
            fields=getattr(error, "fields", ()),
            attempts=attempts_of(message) + 1,
        )
        try:
            with self.shared_database.database.work() as connection:
                burials.note(connection, burial, service=self.container.service_name, at=self.shared_clock.now())
        except OUTAGES as exc:
            log.warning("burial_postponed", queue=self.queue.name, reason=type(exc).__name__)
            eventlet.sleep(PAUSE_BEFORE_REQUEUE)
            self.queue_consumer.requeue_message(message)
            return
        metrics.EVENTS.labels(burial.queue, "buried").inc()
        log.error("event_buried", queue=burial.queue, attempts=burial.attempts, reason=burial.reason)
        headers = {ATTEMPTS: burial.attempts, "x-reason": burial.reason, "x-origin": burial.queue}
        self._move(message, f"{burial.queue}.dead", headers)

    def _move(self, message: Any, queue: str, headers: dict[str, Any]) -> None:
        kept = {name: value for name, value in (message.headers or {}).items() if not name.startswith("x-")}
        try:
            self.publisher.publish_to_queue(
                queue, _body(message), properties=message.properties, headers=kept | headers
            )
        except Exception as exc:
            # Not confirmed: the original stays where it is and comes again, which the inbox makes harmless.
            log.warning("message_given_back", queue=self.queue.name, reason=type(exc).__name__)
            self.queue_consumer.requeue_message(message)
        else:
            self.queue_consumer.ack_message(message)


def _body(message: Any) -> bytes:
    """What is kept of a message: enough of one that is too large to see what it was."""
    return bytes(message.body[:LARGEST_MESSAGE])


def read_message(message: Any, data_class: type[EventData]) -> Event[Any]:
    """The event in a raw message. Raises InvalidMessage."""
    if message.content_type not in CONTENT_TYPES:
        raise InvalidMessage("wrong_content_type")
    return read_event(bytes(message.body), data_class)


def attempts_of(message: Any) -> int:
    """How often this message has been tried before."""
    attempts = (message.headers or {}).get(ATTEMPTS, 0)
    return attempts if isinstance(attempts, int) and attempts >= 0 else 0


def next_delay(error: Exception, attempts: int) -> str | None:
    """The retry queue after *attempts* attempts of which the last ended with *error*; None: give up."""
    if isinstance(error, OUTAGES):
        return OUTAGE_DELAY
    return SCHEDULE[attempts - 1] if attempts <= len(SCHEDULE) else None


def _reason(error: Exception) -> str:
    """Short, and without values: a reason is read by many."""
    if isinstance(error, Unacceptable | InvalidMessage):
        return str(error)[:200]
    return type(error).__name__


def subscribe(data_class: type[EventData]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Call a service's method with each event of this type."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        return Subscription.decorator(data_class)(timeouts_are_errors(function))

    return decorate
