"""Publishing with the broker's word that it has the message (retries and dead letters)."""

from typing import Any

import structlog
from amqp.exceptions import AMQPError
from eventlet.semaphore import Semaphore
from kombu import Connection
from kombu.messaging import Producer
from nameko.extensions import SharedExtension

from chassis.topology import delivery_exchange

log = structlog.get_logger()

PUBLISH_SECONDS = 5


class ConfirmedPublisher(SharedExtension):
    """One connection a process, opened when first needed; one publish at a time on it."""

    def __init__(self) -> None:
        super().__init__()
        self._lock = Semaphore()
        self._connection: Connection | None = None

    def publish_to_queue(self, queue: str, body: bytes, *, properties: dict[str, Any], headers: dict[str, Any]) -> None:
        """Put a persistent message into our own *queue*; returns once the broker has it, else raises OSError or AMQPError."""
        with self._lock:
            try:
                if self._connection is None:
                    self._connection = self._connect()
                Producer(self._connection.default_channel).publish(
                    body,
                    exchange=delivery_exchange(self.container.service_name),
                    routing_key=queue,
                    headers=headers,
                    delivery_mode=2,
                    mandatory=True,
                    timeout=PUBLISH_SECONDS,
                    confirm_timeout=PUBLISH_SECONDS,
                    serializer=None,
                    content_type=properties.get("content_type") or "application/octet-stream",
                    content_encoding=properties.get("content_encoding") or "utf-8",
                    message_id=properties.get("message_id"),
                    type=properties.get("type"),
                )
            except (OSError, AMQPError):
                self._drop()
                raise

    def _connect(self) -> Connection:
        uri, tls = self.container.config["AMQP_URI"], self.container.config["AMQP_SSL"]
        options = {"confirm_publish": True, "write_timeout": 5}
        return Connection(uri, ssl=tls, connect_timeout=5, transport_options=options)

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.collect()  # without the closing handshake: a frozen broker would not answer it

    def stop(self) -> None:
        """Closes the connection with the container."""
        with self._lock:
            self._drop()
