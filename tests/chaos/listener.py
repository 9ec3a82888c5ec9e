"""Somebody outside who hears every event of ours: what went over the wire, against what the outboxes hold (R2)."""

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import kombu
from espace_contracts.registry import SERVICES

from tests.chaos import verdicts
from tests.chaos.world import World

PREFETCH = 500
PATIENCE = 5.0  # seconds without an event, while some are missing
SILENCE = 0.3  # seconds without an event, once all are there: nobody repeats any
IDS = "select event_id::text from outbox"


class Listener:
    """A durable queue of an outside client on the exchanges of all services."""

    def __init__(self, world: World) -> None:
        self._world = world
        with self._connection() as connection:
            self._queue = kombu.Queue(
                f"{connection.userid}.everything",
                bindings=[kombu.binding(_exchange(service), "#") for service in SERVICES],
                queue_arguments={"x-queue-type": "quorum"},
            )
            self._queue(connection.channel()).declare()
        self._known = self._written()

    def figures(self) -> dict[str, Any]:
        """Events written since the beginning, those that nobody heard, those heard that nobody wrote, and repeats."""
        written = self._written() - self._known
        verdicts.until(lambda: not self._unpublished(), within=30)
        heard = self._heard(written)
        return {
            "written": len(written),
            "unheard": len(written - heard.keys()),
            "unwritten": len(heard.keys() - self._written()),  # other events were written meanwhile
            "heard_again": heard.total() - len(heard),
        }

    def end(self) -> None:
        """Take the queue away."""
        with self._connection() as connection:
            self._queue(connection.channel()).delete()

    def _connection(self) -> kombu.Connection:
        return kombu.Connection(self._world.funder_amqp, connect_timeout=5)

    def _heard(self, expected: set[str]) -> Counter[str]:
        ids: Counter[str] = Counter()

        def note(message: kombu.Message) -> None:
            ids[json.loads(message.body)["id"]] += 1
            message.ack()

        with self._connection() as connection:
            channel = connection.channel()
            consumer = kombu.Consumer(channel, self._queue, on_message=note, auto_declare=False)
            consumer.qos(prefetch_count=PREFETCH)
            with consumer:
                while _drained(connection, PATIENCE if expected - ids.keys() else SILENCE):
                    pass
        return ids

    def _written(self) -> set[str]:
        found: set[str] = set()
        for service in SERVICES:
            with self._world.database(service) as database:
                found.update(row[0] for row in database.execute(IDS))
        return found

    def _unpublished(self) -> int:
        return sum(self._world.value(service, verdicts.UNPUBLISHED) for service in SERVICES)


def _drained(connection: kombu.Connection, patience: float) -> bool:
    """Whether something came within *patience* seconds."""
    try:
        connection.drain_events(timeout=patience)
    except TimeoutError:
        return False
    return True


def _exchange(service: str) -> kombu.Exchange:
    return kombu.Exchange(f"{service}.events", type="topic", no_declare=True)


@contextmanager
def listening(world: World) -> Iterator[Listener]:
    """A listener for as long as the block lasts."""
    listener = Listener(world)
    try:
        yield listener
    finally:
        listener.end()
