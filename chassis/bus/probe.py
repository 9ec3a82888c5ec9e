"""A connection that only looks: does the broker answer, and how much waits in our queues?"""

from collections.abc import Iterable

import eventlet
from amqp.exceptions import NotFound
from eventlet.semaphore import Semaphore
from kombu import Connection
from nameko.extensions import SharedExtension

from chassis.topology import rpc_queues

PROBE_SECONDS = 3.0


class ProbeTooSlow(OSError):
    """The broker did not answer in time."""


class BrokerProbe(SharedExtension):
    """One connection a process, opened when first needed."""

    def __init__(self) -> None:
        super().__init__()
        self._lock = Semaphore()
        self._connection: Connection | None = None

    def check(self) -> None:
        """Returns when the broker answers. Raises OSError or AMQPError."""
        self.counts([rpc_queues(self.container.service_name)[0].name])

    def counts(self, queues: Iterable[str]) -> dict[str, int]:
        """Messages that are ready in each of *queues*; one that does not exist is left out.

        Raises OSError or AMQPError, at the latest after a few seconds a queue.
        """
        found = {}
        with self._lock:
            try:
                for queue in queues:
                    with eventlet.Timeout(PROBE_SECONDS, ProbeTooSlow):
                        count = self._count(queue)
                    if count is not None:
                        found[queue] = count
            except BaseException:
                self._drop()
                raise
        return found

    def _count(self, queue: str) -> int | None:
        if self._connection is None:
            config = self.container.config
            self._connection = Connection(config["AMQP_URI"], ssl=config["AMQP_SSL"], connect_timeout=2)
        try:
            declared = self._connection.default_channel.queue_declare(queue, passive=True)
        except NotFound:
            return None  # the broker closes the channel; the next look opens another
        return int(declared.message_count)

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.collect()  # without the closing handshake: a frozen broker would not answer it

    def stop(self) -> None:
        """Closes the connection with the container."""
        self._drop()
