"""One connection a process consumes on; it survives brokers that go away and messages nobody can read.

nameko's QueueConsumer decodes before our code sees a message (and drops what it cannot decode), and dies
when an acknowledgement meets a closed connection (traps 12 and 15). Here handlers get the raw message.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import eventlet
import structlog
from amqp.exceptions import AMQPError
from kombu import Connection, Consumer, Exchange, Queue, binding
from nameko.messaging import QueueConsumer

from chassis.bus.wire import ConsumingTransport
from chassis.topology import QueueSpec

log = structlog.get_logger()

PAUSE_BEFORE_REQUEUE = 1.0  # seconds: a fault of ours must not become a hot loop
# Seconds between attempts to connect, for ever
PAUSES = {"interval_start": 0.2, "interval_step": 0.4, "interval_max": 2.0}
MEND_SECONDS = 2.0  # between two looks at what others may have taken away
LOST = (OSError, AMQPError)  # kombu's ConnectionError and every closed channel are among them


def kombu_queue(spec: QueueSpec) -> Queue:
    """*spec* for kombu; its exchanges are declared by `espace migrate`."""
    bindings = [
        binding(
            Exchange(wanted.exchange, type=wanted.exchange_type, durable=True, no_declare=True),
            routing_key=wanted.routing_key,
        )
        for wanted in spec.bindings
    ]
    return Queue(spec.name, bindings=bindings, durable=True, queue_arguments=spec.arguments)


class BusConsumer(QueueConsumer):
    """Hands raw messages to providers and acknowledges as long as there is a channel to do it on."""

    _mend_at = 0.0

    @property
    def connection(self) -> Connection:
        """Where we consume; *establish_connection* makes it."""
        return Connection(
            self.amqp_uri,
            transport=ConsumingTransport,
            ssl=self.container.config["AMQP_SSL"],
            heartbeat=self.container.config.get("HEARTBEAT", 20),
            connect_timeout=5,
        )

    @contextmanager
    def establish_connection(self) -> Iterator[Connection]:
        """Called at each (re)connection. kombu's own pauses grow to half a minute, in which everybody waits for us."""
        with self.create_connection() as connection:
            connection.ensure_connection(self.on_connection_error, **PAUSES)
            yield connection

    def get_consumers(self, consumer_cls: Any, channel: Any) -> Any:
        """Called after each (re)connection: every provider consumes its queue again."""
        self._consumers = {}
        channel.auto_decode = False  # bytes as they came: what cannot be decoded is ours to bury
        for provider in self._providers:
            provider.declare(channel)
            if getattr(provider, "batched", False):
                self._consumers[provider] = self._batch_consumer(provider, channel)
                continue
            consumer = consumer_cls(
                queues=[provider.queue], on_message=partial(self._dispatch, provider), auto_declare=False
            )
            consumer.qos(prefetch_count=self.prefetch_count)
            self._consumers[provider] = consumer
        return self._consumers.values()

    def on_iteration(self) -> None:
        """Called at each message, and each second without one."""
        super().on_iteration()
        if time.monotonic() < self._mend_at:
            return
        self._mend_at = time.monotonic() + MEND_SECONDS
        for provider, consumer in list(self._consumers.items()):
            if hasattr(provider, "mend"):
                provider.mend(consumer.channel)

    def _batch_consumer(self, provider: Any, channel: Any) -> Consumer:
        """On a channel of its own: one acknowledgement covers all that came before it there."""
        own = channel.connection.channel()
        own.auto_decode = False
        consumer = Consumer(own, queues=[provider.queue], on_message=provider.receive, auto_declare=False)
        consumer.qos(prefetch_count=provider.prefetch_count)
        return consumer

    def unregister_provider(self, provider: Any) -> None:
        """Take no more for *provider*. Before there was a broker nameko says so once for all of them, and breaks at the second."""
        if self._consumers_ready.ready() or not self._last_provider_unregistered.ready():
            super().unregister_provider(provider)

    def ack_up_to(self, message: Any) -> None:
        """Acknowledge *message* and everything before it on its channel."""
        try:
            if message.channel is not None and message.channel.connection:
                message.ack(multiple=True)
        except LOST as exc:
            log.warning("messages_left_to_the_broker", reason=type(exc).__name__)

    def _dispatch(self, provider: Any, message: Any) -> None:
        if getattr(provider, "starts_at_once", None) and provider.starts_at_once(message):
            return
        handle = partial(self._handle_safely, provider, message)
        self.container.spawn_managed_thread(handle, identifier=type(provider).__name__)

    def _handle_safely(self, provider: Any, message: Any) -> None:
        """An error outside the worker must neither end the process nor lose the message."""
        try:
            provider.handle_message(message)
        except LOST as exc:
            log.warning("message_left_to_the_broker", reason=type(exc).__name__)
        except Exception:
            log.exception("message_not_dispatched", queue=provider.queue.name)
            eventlet.sleep(PAUSE_BEFORE_REQUEUE)
            self.requeue_message(message)

    def ack_message(self, message: Any) -> None:
        """Acknowledge; when the connection is gone the broker delivers again."""
        try:
            if message.channel is not None and message.channel.connection:
                message.ack()
        except LOST as exc:
            log.warning("message_left_to_the_broker", reason=type(exc).__name__)

    def requeue_message(self, message: Any) -> None:
        """Give back; when the connection is gone the broker does so itself."""
        try:
            if message.channel is not None and message.channel.connection:
                message.requeue()
        except LOST as exc:
            log.warning("message_left_to_the_broker", reason=type(exc).__name__)

    def on_connection_error(self, exc: BaseException, interval: float) -> None:
        """The broker cannot be reached; kombu tries again after *interval* seconds."""
        log.warning("broker_unreachable", reason=type(exc).__name__, retry_in=interval)

    def on_consume_ready(self, connection: Any, channel: Any, consumers: Any, **kwargs: Any) -> None:
        """Consuming again."""
        super().on_consume_ready(connection, channel, consumers, **kwargs)
        log.info("broker_connected", queues=len(self._consumers))
