"""The relay: carries the outbox to the broker, in windows of confirmed publishes.

One relay a database is active: it holds a session advisory lock, the other replicas stand by. A row is
marked after the broker has confirmed it; a crash in between publishes it again, and inboxes swallow that.
"""

import contextlib
import time
from typing import Any

import eventlet
import psycopg
import structlog
from amqp import Channel, Message
from amqp.exceptions import AMQPError
from kombu import Connection
from nameko.extensions import DependencyProvider

from chassis import metrics
from chassis.outbox import CHANNEL

log = structlog.get_logger()

WINDOW = 500  # rows published before their confirms are awaited
CONFIRM_SECONDS = 10
POLL_SECONDS = 1.0
STANDBY_SECONDS = 2.0
LOCK = "select pg_try_advisory_lock(hashtext('outbox relay'))"
WAITING = "select id, event_id, type, exchange, body from outbox where published_at is null order by id limit %s"
MARK = "update outbox set published_at = now(), unrouted = id = any(%s) where id = any(%s)"


class Window:
    """What the broker said of the messages in flight on one channel."""

    def __init__(self, channel: Channel) -> None:
        self._confirmed = 0
        self.refused: set[int] = set()
        self.returned: set[str] = set()
        self._acked: set[int] = set()
        channel.events["basic_ack"].add(self._on_ack)
        channel.events["basic_nack"].add(self._on_nack)
        channel.events["basic_return"].add(self._on_return)
        self.last_tag = 0

    @property
    def complete(self) -> bool:
        """Whether every message of the channel was confirmed or refused."""
        return self._confirmed >= self.last_tag

    def _settle(self, tag: int, multiple: bool) -> None:
        self._acked.add(tag)
        if multiple:
            self._confirmed = max(self._confirmed, tag)
        while self._confirmed + 1 in self._acked:
            self._confirmed += 1
        self._acked = {kept for kept in self._acked if kept > self._confirmed}

    def _on_ack(self, tag: int, multiple: bool) -> None:
        self._settle(tag, multiple)

    def _on_nack(self, tag: int, multiple: bool) -> None:
        self.refused.update(range(self._confirmed + 1, tag + 1) if multiple else (tag,))
        self._settle(tag, multiple)

    def _on_return(self, _error: Any, _exchange: str, _routing_key: str, message: Any) -> None:
        self.returned.add(message.properties["message_id"])


class OutboxRelay(DependencyProvider):
    """`relay` of a service: runs beside the workers; a service method never touches it."""

    def setup(self) -> None:
        """Reads the settings; nothing connects yet."""
        settings = self.container.config["settings"]
        self._database_url = settings.worker_database_url.get_secret_value()
        self._amqp_uri = self.container.config["AMQP_URI"]
        self._amqp_ssl = self.container.config["AMQP_SSL"]
        self._stopping = False

    def start(self) -> None:
        """Starts beside the workers."""
        self._thread = eventlet.spawn(self._run)

    def stop(self) -> None:
        """Publishes what is committed, within a bound, then ends."""
        self._stopping = True
        with eventlet.Timeout(5, False):
            self._thread.wait()
        self._thread.kill()

    def _run(self) -> None:
        while not self._stopping:
            try:
                with psycopg.connect(self._database_url, autocommit=True, connect_timeout=5) as database:
                    self._stand_by(database)
                    self._relay(database)
            except (psycopg.Error, OSError, AMQPError) as exc:
                log.warning("relay_interrupted", reason=type(exc).__name__)
                eventlet.sleep(1)
            except Exception:
                log.exception("relay_failed")
                eventlet.sleep(5)

    def _stand_by(self, database: psycopg.Connection) -> None:
        while not self._stopping and not _scalar(database, LOCK):
            eventlet.sleep(STANDBY_SECONDS)

    def _relay(self, database: psycopg.Connection) -> None:
        database.execute(f"listen {CHANNEL}")
        with Connection(self._amqp_uri, ssl=self._amqp_ssl, connect_timeout=5, heartbeat=20) as broker:
            channel = broker.channel()
            channel.confirm_select()
            window = Window(channel)
            log.info("relay_active")
            while not self._stopping:
                if not self._publish_window(database, broker, channel, window):
                    broker.heartbeat_check()
                    _keep_reading(broker)
                    for _ in database.notifies(timeout=POLL_SECONDS, stop_after=1):
                        pass

    def _publish_window(self, database: psycopg.Connection, broker: Connection, channel: Any, window: Window) -> bool:
        """Publish up to WINDOW waiting rows and mark them; False when there was none."""
        rows = database.execute(WAITING, (WINDOW,)).fetchall()
        tags: dict[int, int] = {}
        for row_id, event_id, event_type, exchange, body in rows:
            message = Message(
                body,
                content_type="application/json",
                content_encoding="utf-8",
                delivery_mode=2,
                message_id=str(event_id),
                type=event_type,
            )
            channel.basic_publish(message, exchange=exchange, routing_key=event_type, mandatory=True, timeout=5)
            window.last_tag += 1
            tags[window.last_tag] = row_id
        if not rows:
            return False
        _await_confirms(broker, window)
        published = [row_id for tag, row_id in tags.items() if tag not in window.refused]
        unrouted = [row[0] for row in rows if str(row[1]) in window.returned]
        window.returned.clear()
        database.execute(MARK, (unrouted, published))
        metrics.EVENTS_PUBLISHED.inc(len(published))
        return True


def _await_confirms(broker: Connection, window: Window) -> None:
    """Raises TimeoutError (an OSError) when the broker does not confirm in time: the rows stay unmarked."""
    deadline = time.monotonic() + CONFIRM_SECONDS
    while not window.complete:
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("publisher confirms")
        broker.drain_events(timeout=left)


def _keep_reading(broker: Connection) -> None:
    """Take heartbeats and closings from the socket without waiting."""
    with contextlib.suppress(TimeoutError):
        broker.drain_events(timeout=0.001)


def _scalar(database: psycopg.Connection, query: str) -> Any:
    row = database.execute(query).fetchone()
    return row[0] if row else None
