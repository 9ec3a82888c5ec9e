"""`make bench NAME=relay`: events a second from the outbox to the broker, confirmed, beside nameko's own publisher.

Ours reads the rows, publishes them in windows of confirms and marks them; nameko's publisher, which has no outbox, only
publishes the same bodies with confirms, one after the other. And from a commit to the wire, one event at a time.
"""

import json
import statistics
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import kombu
import psycopg
from espace_contracts import samples
from nameko.standalone.events import event_dispatcher

from bench import private_broker, private_postgres, results_file
from ops.folders import ROOT

ROUNDS, EVENTS, ALONE = 5, 4000, 100
GOAL, LONGEST_MS = 5.0, 50.0
TYPE, EXCHANGE, QUEUE = "PaymentRecorded.v1", "payments.events", "bench.relay"
PROGRAM = "import sys; from bench.relay_process import serve; serve(*sys.argv[1:])"
FILL = """
    insert into outbox (event_id, type, exchange, body, created_at)
    select gen_random_uuid(), %s, %s, %s, now() from generate_series(1, %s)
"""


def fill(database: psycopg.Connection, body: str, count: int) -> None:
    """One transaction's events, and the relay's waking."""
    with database.transaction():
        database.execute(FILL, (TYPE, EXCHANGE, body, count))
        database.execute("notify outbox")


def wait_until(done: Callable[[], bool], *, pause: float) -> None:
    """Raises TimeoutError after a minute."""
    deadline = time.monotonic() + 60
    while not done():
        if time.monotonic() > deadline:
            raise TimeoutError("the relay did not publish")
        time.sleep(pause)


def relayed(database: psycopg.Connection, body: str) -> float:
    """Events a second through our relay, from the commit to the last mark."""
    began = time.perf_counter()
    fill(database, body, EVENTS)
    none_left = "select not exists (select from outbox where published_at is null)"
    wait_until(lambda: bool(database.execute(none_left).fetchone()[0]), pause=0.02)
    return EVENTS / (time.perf_counter() - began)


def dispatched(amqp_url: str, event: dict[str, object]) -> float:
    """Events a second through nameko's publisher."""
    dispatch = event_dispatcher({"AMQP_URI": amqp_url, "DECLARE_EVENT_EXCHANGES": False}, mandatory=True)
    dispatch("payments", TYPE, event)
    began = time.perf_counter()
    for _ in range(EVENTS // 4):
        dispatch("payments", TYPE, event)
    return EVENTS // 4 / (time.perf_counter() - began)


def commit_to_wire(database: psycopg.Connection, channel: Any, body: str) -> float:
    """Milliseconds from a commit until the event can be read from a queue: the median."""
    found = []
    channel.queue_purge(QUEUE)
    for _ in range(ALONE):
        fill(database, body, 1)
        began = time.perf_counter()
        wait_until(lambda: channel.basic_get(QUEUE, no_ack=True) is not None, pause=0.0005)
        found.append((time.perf_counter() - began) * 1000)
    return round(statistics.median(found), 2)


@contextmanager
def relay(database_url: str, amqp_url: str) -> Iterator[None]:
    """A process with our relay and nothing else."""
    command = [sys.executable, "-W", "ignore", "-c", PROGRAM, database_url, amqp_url]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.kill()
        process.wait(20)


def prepared(connection: kombu.Connection) -> Any:
    """A channel, the exchange and one queue that hears the events."""
    channel = connection.channel()
    channel.exchange_declare(EXCHANGE, "topic", durable=True, auto_delete=False)
    channel.queue_declare(QUEUE, durable=True, auto_delete=False, arguments={"x-queue-type": "quorum"})
    channel.queue_bind(QUEUE, EXCHANGE, TYPE)
    return channel


def main() -> None:
    """Measure, print, keep the result."""
    event = samples.event_sample(TYPE)
    body = json.dumps(event, ensure_ascii=False, separators=(",", ":"))
    ours, reference = [], []
    with ExitStack() as stack:
        server = stack.enter_context(private_postgres.running())
        amqp_url = stack.enter_context(private_broker.running())
        urls = server.migrated("payments", f"relay_{uuid.uuid4().hex[:8]}")
        database = stack.enter_context(psycopg.connect(urls.worker_url, autocommit=True))
        channel = prepared(stack.enter_context(kombu.Connection(amqp_url)))
        stack.enter_context(relay(urls.worker_url, amqp_url))
        relayed(database, body)
        for _ in range(ROUNDS):
            ours.append(relayed(database, body))
            reference.append(dispatched(amqp_url, event))
            channel.queue_purge(QUEUE)
        wire = commit_to_wire(database, channel, body)
    each, theirs = (round(1e6 / statistics.median(rates), 1) for rates in (ours, reference))
    results_file.write(
        "relay",
        [
            results_file.compared(
                "relay",
                "an event from the outbox to the broker, confirmed and marked",
                unit="µs",
                ours=each,
                reference=theirs,
                reference_name="nameko's publisher, without an outbox",
                goal=GOAL,
                rounds=ROUNDS,
            ),
            results_file.compared(
                "relay_commit_to_wire",
                "from the commit until a consumer could have it, one at a time, median",
                unit="ms",
                ours=wire,
                reference=LONGEST_MS,
                reference_name="the bound that was set",
                goal=1.0,
                rounds=ALONE,
            ),
        ],
    )


if __name__ == "__main__":
    main()
