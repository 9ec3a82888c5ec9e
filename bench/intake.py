"""`make bench NAME=intake`: payments a second from a queue into the database, exactly once, with fsync on.

Both servers stand still while their queue is filled; the time runs from going on until the last payment is committed.
The reference has a classic queue, since nameko's event handler declares no other; ours is a quorum queue.
"""

import json
import signal
import statistics
import subprocess
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import amqp
import kombu
import psycopg
from espace_contracts import funder, samples

from bench import private_broker, private_postgres, results_file
from bench.intake_servers import OURS, TYPE
from bench.processes import started
from chassis.topology import delivery_exchange, event_queue_name, event_queues

ROUNDS, PAYMENTS, STOCK_PAYMENTS, PREFETCH = 5, 5000, 500, 1000
GOAL, FLOOR_GOAL = 5.0, 0.2
PATIENCE = 180  # seconds
QUEUE = event_queue_name(OURS, funder.PaymentIssued)
DRAINED = "bench.drained"
EXCHANGES = {"ours": "funder.events", "stock": "bench.events", "floor": "drain.events"}


def publish(amqp_url: str, exchange: str, numbers: range) -> None:
    """A payment for each number, persistent and confirmed as a whole."""
    event = samples.event_sample(TYPE)
    confirmed = 0

    def on_ack(tag: int, multiple: bool) -> None:
        nonlocal confirmed
        confirmed = tag if multiple else confirmed + 1

    with kombu.Connection(amqp_url) as connection:
        channel = connection.channel()
        channel.confirm_select()
        channel.events["basic_ack"].add(on_ack)
        for number in numbers:
            data = event["data"] | {"payment_number": str(number), "transfer_reference": f"TP{number}"}
            body = json.dumps(event | {"id": str(uuid.uuid4()), "data": data})
            message = amqp.Message(body, content_type="application/json", content_encoding="utf-8", delivery_mode=2)
            channel.basic_publish(message, exchange=exchange, routing_key=TYPE)
        while confirmed < len(numbers):
            connection.drain_events(timeout=30)


class Candidate:
    """A server with a database of its own, held still between its turns."""

    def __init__(self, process: subprocess.Popen[bytes], database: psycopg.Connection, exchange: str) -> None:
        self.process, self.database, self.exchange = process, database, exchange
        self.first = 1_000_000

    def recorded(self) -> int:
        """Payments that are committed."""
        row = self.database.execute("select count(*) from payments").fetchone()
        return row[0] if row else 0

    def rate(self, amqp_url: str, count: int) -> float:
        """Payments a second. Raises TimeoutError."""
        wanted = self.recorded() + count
        self.process.send_signal(signal.SIGSTOP)
        publish(amqp_url, self.exchange, range(self.first, self.first + count))
        self.first += count
        began = time.perf_counter()
        self.process.send_signal(signal.SIGCONT)
        while self.recorded() < wanted:
            if time.perf_counter() - began > PATIENCE:
                raise TimeoutError(f"{self.recorded()} of {wanted} payments")
            time.sleep(0.01)
        return count / (time.perf_counter() - began)


def drained(amqp_url: str, count: int) -> float:
    """Messages a second that a bare consumer takes away without looking at them."""
    publish(amqp_url, EXCHANGES["floor"], range(count))
    taken = 0

    def take(message: Any) -> None:
        nonlocal taken
        taken += 1
        if taken % (PREFETCH // 2) == 0 or taken == count:
            message.channel.basic_ack(message.delivery_tag, multiple=True)

    with kombu.Connection(amqp_url) as connection:
        channel = connection.channel()
        channel.basic_qos(0, PREFETCH, False)
        began = time.perf_counter()
        channel.basic_consume(DRAINED, callback=take)
        while taken < count:
            connection.drain_events(timeout=30)
        return count / (time.perf_counter() - began)


def declare(amqp_url: str) -> None:
    """What `espace migrate` would have made, and the queue of the floor."""
    kinds = dict.fromkeys(EXCHANGES.values(), "topic") | {delivery_exchange(OURS): "direct"}
    with kombu.Connection(amqp_url) as connection:
        channel = connection.default_channel
        for name, kind in kinds.items():
            channel.exchange_declare(name, kind, durable=True, auto_delete=False)
        channel.queue_declare(DRAINED, durable=True, auto_delete=False, arguments={"x-queue-type": "quorum"})
        channel.queue_bind(DRAINED, EXCHANGES["floor"], TYPE)
        for spec in event_queues(OURS, funder.PaymentIssued):
            channel.queue_declare(spec.name, durable=True, auto_delete=False, arguments=spec.arguments)
            for one in spec.bindings:
                channel.queue_bind(spec.name, one.exchange, one.routing_key)


@contextmanager
def candidates(amqp_url: str) -> Iterator[dict[str, Candidate]]:
    """Both, each once through its first payments."""
    with ExitStack() as stack:
        server = stack.enter_context(private_postgres.running(durable=True))
        made = {}
        for kind in ("ours", "stock"):
            urls = server.migrated("payments", f"intake_{kind}_{uuid.uuid4().hex[:8]}")
            database = stack.enter_context(psycopg.connect(urls.worker_url, autocommit=True))
            process = started(stack, "-m", "bench.intake_servers", kind, amqp_url, urls.worker_url)
            made[kind] = Candidate(process, database, EXCHANGES[kind])
        for candidate in made.values():
            wait_until_heard(amqp_url, candidate)
        yield made


def wait_until_heard(amqp_url: str, candidate: Candidate) -> None:
    """Until a payment that was published has been recorded: the server is up. Raises TimeoutError."""
    deadline = time.monotonic() + PATIENCE
    while not candidate.recorded():
        if time.monotonic() > deadline:
            raise TimeoutError(candidate.exchange)
        publish(amqp_url, candidate.exchange, range(candidate.first, candidate.first + 1))
        time.sleep(1)
    time.sleep(2)  # what else was published meanwhile
    candidate.first += 1


def main() -> None:
    """Take turns, round by round."""
    found: dict[str, list[float]] = {"ours": [], "stock": [], "floor": []}
    with private_broker.running() as amqp_url:
        declare(amqp_url)
        with candidates(amqp_url) as made:
            for _ in range(ROUNDS):
                found["ours"].append(made["ours"].rate(amqp_url, PAYMENTS))
                found["stock"].append(made["stock"].rate(amqp_url, STOCK_PAYMENTS))
                found["floor"].append(drained(amqp_url, PAYMENTS))
    each = {name: round(1e6 / statistics.median(rates), 1) for name, rates in found.items()}
    rates = ", ".join(f"{name} {round(statistics.median(values))}" for name, values in found.items())
    common: dict[str, Any] = {"unit": "µs a payment", "ours": each["ours"], "rounds": ROUNDS, "floor": each["floor"]}
    against = {"stock": (GOAL, "nameko's event handler"), "floor": (FLOOR_GOAL, "draining the queue")}
    lines = [
        results_file.compared(
            f"intake_against_{name}",
            f"from the queue to the commit, exactly once; a second: {rates}",
            reference=each[name],
            reference_name=title,
            goal=goal,
            **common,
        )
        for name, (goal, title) in against.items()
    ]
    results_file.write("intake", lines)


if __name__ == "__main__":
    main()
