"""What is true afterwards: the ledger of the outside against databases, queues and dead letters."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import kombu
import psycopg

from ops.management import request
from tests.chaos.funder_system import Ledger
from tests.chaos.world import World

PAYMENTS = "select payment_number, version from payments where payment_number like %s"
RECORDED = (
    "select body::jsonb #>> '{data,payment_number}' as number, (body::jsonb #>> '{data,version}')::int as version,"
    " count(*) from outbox where type = 'PaymentRecorded.v1' and body::jsonb #>> '{data,payment_number}' like %s"
    " group by 1, 2"
)
ADVICES = "select payment_number, version from advices where payment_number like %s"
ADVICE_DOCUMENTS = "select count(*) - count(distinct payment_number) from documents where payment_number like %s"
UNPUBLISHED = "select count(*) from outbox where published_at is null"


@dataclass(frozen=True)
class Books:
    """The same payments as told by the ledger, by payments and by documents."""

    promised: dict[str, int]
    payments: dict[str, int]
    recorded: dict[tuple[str, int], int]
    advices: dict[str, int]
    surplus_documents: int  # beyond one a payment
    unpublished: int

    @property
    def lost(self) -> int:
        """Payments that were confirmed to the funder and are not in effect everywhere, each place counted."""
        announced = {number: version for number, version in self.recorded if self.promised.get(number) == version}
        return sum(
            sum(place.get(number) != version for number, version in self.promised.items())
            for place in (self.payments, announced, self.advices)
        )

    @property
    def extra(self) -> int:
        """Effects that nobody ordered, or that happened twice."""
        unknown = (set(self.payments) | set(self.advices)) - set(self.promised)
        twice = sum(count - 1 for count in self.recorded.values())
        foreign = sum(version > self.promised.get(number, 0) for number, version in self.recorded)
        return len(unknown) + twice + foreign + self.surplus_documents

    @property
    def settled(self) -> bool:
        """Whether everything has arrived."""
        return self.unpublished == 0 and self.lost == 0


def books(world: World, ledger: Ledger, mark: str) -> Books:
    """Read all of them now."""
    promised = {number: version for number, version in ledger.payments.items() if number.startswith(mark)}
    with world.database("payments") as database:
        held = dict(database.execute(PAYMENTS, (f"{mark}%",)).fetchall())
        told = {(number, version): count for number, version, count in database.execute(RECORDED, (f"{mark}%",))}
        row = database.execute(UNPUBLISHED).fetchone()
    with world.database("documents") as database:
        advices = dict(database.execute(ADVICES, (f"{mark}%",)).fetchall())
        surplus = database.execute(ADVICE_DOCUMENTS, (f"{mark}%",)).fetchone()
    return Books(promised, held, told, advices, surplus[0] if surplus else 0, row[0] if row else 0)


def settle(world: World, ledger: Ledger, mark: str, *, within: float) -> tuple[Books, float]:
    """Wait until everything has arrived, at most *within* seconds; the books, and the seconds it took."""
    began = time.monotonic()
    while True:
        read = books(world, ledger, mark)
        took = time.monotonic() - began
        if read.settled or took > within:
            return read, took
        time.sleep(0.25)


def dead_letters(world: World) -> list[tuple[str, str]]:
    """Queue and reason of every dead letter; all messages of these runs are healthy, so there should be none."""
    found = []
    with kombu.Connection(world.admin_amqp, connect_timeout=5) as connection:
        channel = connection.channel()
        for name in _queues(world, ".dead"):
            while (message := channel.basic_get(name)) is not None:  # given back as the connection ends
                headers = message.properties.get("application_headers") or {}
                found.append((name, f"{headers.get('x-reason')}, attempts {headers.get('x-attempts')}"))
    return found


def waiting(world: World) -> dict[str, int]:
    """How many messages wait in each queue that is not empty, retries included."""
    counts = {}
    with kombu.Connection(world.admin_amqp, connect_timeout=5) as connection:
        channel = connection.channel()
        for name in _queues(world, ""):
            if count := channel.queue_declare(name, passive=True).message_count:
                counts[name] = count
    return counts


def _queues(world: World, ending: str) -> list[str]:
    """Durable queues of the vhost whose names end so."""
    address = world.stack.endpoints.management
    listed = request(address, "GET", f"/api/queues/{world.stack.names.vhost}?columns=name,durable")
    return sorted(queue["name"] for queue in listed if queue["durable"] and queue["name"].endswith(ending))


def until(condition: Callable[[], bool], *, within: float, every: float = 0.1) -> float | None:
    """The seconds until *condition* held, or None when it did not in time; a server that is away makes it false."""
    began = time.monotonic()
    while time.monotonic() - began < within:
        try:
            if condition():
                return time.monotonic() - began
        except (OSError, psycopg.OperationalError):
            pass
        time.sleep(every)
    return None
