"""The page Règlements whole (session, list, HTML of 100 payments): one gateway process with its services and the broker,
beside one synchronous process that makes the same page by Flask and the ORM (`bench.page_monolith`).

Compared are requests a second of CPU (ours: gateway, identity, payments and the broker; PostgreSQL and the client are
left out on both sides) and the 99th percentile of the time that a browser waits. The floor is the page's SQL alone, by
raw psycopg. The candidates take turns.
"""

import asyncio
import json
import os
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any
from uuid import UUID

import aiohttp
import psycopg
from sqlalchemy import text

from bench import payments_data, results_file
from bench.rpc import cpu_seconds
from chassis.database import engine_for
from ops.endpoints import with_database
from ops.folders import ROOT
from services.payments.search import Criteria
from services.payments.store.lists import MONTHS, PAGE
from services.payments.store.searches import conditions_of, query
from tests.chaos.world import World, running

ROWS, ROUNDS, REQUESTS, AT_A_TIME, WARM_UP = 50_000, 7, 120, 4, 40
OURS = ("gateway", "identity", "payments", "rabbitmq")
TOKEN = "a-session-token-of-the-measurement-0123456789"  # noqa: S105  of a database that lives as long as this does
FUNDER = {
    "name": "Transitions Pro Grand Est",
    "email": "contact@transitionspro-ge.example",
    "phone": "+33 3 00 00 00 00",
}
ACCOUNT = UUID(int=1)
PEOPLE = (
    "insert into employers values (:siret, 'Clinique des Tilleuls', 'rh@clinique.example', 0, now())",
    "insert into employer_funders values (:siret, :funder, cast(:contact as jsonb), now())",
    "insert into accounts (id, state, identifier, identifier_key, created_at)"
    " values (:account, 'active', 'paie', 'paie', now())",
    "insert into account_access values (:account, :siret, now())",
    "insert into privacy_acceptances values (:account, '2019-09-01', now())",
    "insert into sessions (id, token_hash, account_id, siret, opened_at, last_seen_at, idle_expires_at,"
    " absolute_expires_at, remote_address, user_agent) values (gen_random_uuid(), :token, :account, :siret, now(), now(),"
    " now() + interval '12 hours', now() + interval '12 hours', '127.0.0.1', 'bench')",
)


@dataclass
class Found:
    """What the rounds of one candidate gave."""

    rate: list[float] = field(default_factory=list)  # requests a second of CPU
    slowest: list[float] = field(default_factory=list)  # milliseconds, 99th percentile of a round


def prepare(world: World) -> str:
    """Payments, and somebody who is logged in; the employer's SIRET."""
    siret = payments_data.middle()
    postgres, names = world.stack.endpoints.postgres, world.stack.settings.databases
    payments_data.fill(with_database(postgres, names["payments"]), rows=ROWS)
    values = {"siret": siret, "funder": FUNDER["name"], "contact": json.dumps(FUNDER), "account": ACCOUNT}
    values["token"] = sha256(TOKEN.encode()).hexdigest()
    with engine_for(with_database(postgres, names["identity"]), name="bench").begin() as connection:
        for statement in PEOPLE:
            connection.execute(text(statement), values)
    return siret


@contextmanager
def monolith(world: World) -> Iterator[tuple[str, int]]:
    """Address and worker's process of the reference."""
    port, processes = world.stack.ports.spare, world.stack.settings.processes
    databases = {name: processes[name][f"{name.upper()}_WORKER_DATABASE_URL"] for name in ("identity", "payments")}
    command = (sys.executable, "-m", "gunicorn", "--workers", "1", "--worker-class", "gthread", "--threads", "4")
    process = subprocess.Popen(
        (*command, "--bind", f"127.0.0.1:{port}", "--log-level", "warning", "bench.page_monolith:application"),
        cwd=ROOT,
        env=os.environ | {"BENCH_DATABASES": json.dumps(databases)},
    )
    try:
        yield f"http://127.0.0.1:{port}", _worker_of(process.pid)
    finally:
        process.terminate()
        process.wait(20)


def _worker_of(pid: int) -> int:
    """The one child of gunicorn's master, once it is there."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
            if children := file.read().split():
                return int(children[0])
        time.sleep(0.1)
    raise TimeoutError("gunicorn has started no worker")


class Browser:
    """Asks for the page, several at a time, on connections that are kept."""

    def __init__(self, client: aiohttp.ClientSession, address: str) -> None:
        self._client, self._address = client, address

    async def page(self) -> str:
        """One page, whole."""
        async with self._client.get(f"{self._address}/reglements", allow_redirects=False) as answer:
            assert answer.status == 200, answer.status
            return await answer.text()

    async def many(self, count: int) -> list[float]:
        """Milliseconds of each of *count* pages."""
        numbers, times = iter(range(count)), []

        async def one_after_the_other() -> None:
            for _ in numbers:
                began = time.perf_counter()
                await self.page()
                times.append((time.perf_counter() - began) * 1000)

        await asyncio.gather(*(one_after_the_other() for _ in range(AT_A_TIME)))
        return times


async def measure(addresses: dict[str, str], cpu: dict[str, Callable[[], float]]) -> dict[str, Found]:
    """All rounds. Raises AssertionError when the two pages differ."""
    found = {name: Found() for name in addresses}
    async with aiohttp.ClientSession(cookies={"session": TOKEN}, cookie_jar=aiohttp.CookieJar(unsafe=True)) as client:
        browsers = {name: Browser(client, address) for name, address in addresses.items()}
        for browser in browsers.values():
            await browser.many(WARM_UP)
        pages = {_comparable(await browser.page()) for browser in browsers.values()}
        assert len(pages) == 1, "the two make different pages"
        for _ in range(ROUNDS):
            for name, browser in browsers.items():
                before = cpu[name]()
                times = await browser.many(REQUESTS)
                found[name].rate.append(REQUESTS / (cpu[name]() - before))
                found[name].slowest.append(statistics.quantiles(times, n=100)[98])
    return found


def _comparable(page: str) -> str:
    """The page without the cursor, whose form is each one's own, and the seconds that the session has left."""
    return re.sub(r"curseur=[^\"&]+|data-session-[a-z]+=\"\d+\"", "", page)


def floor(world: World, siret: str) -> float:
    """Times a second of CPU that this process can run the page's SQL."""
    conditions, values = conditions_of(siret, Criteria())
    statements = [query(template, conditions) for template in (MONTHS, PAGE)]
    url = world.stack.settings.processes["payments"]["PAYMENTS_WORKER_DATABASE_URL"]
    with psycopg.connect(url, autocommit=True) as connection:
        began = time.process_time()
        for _ in range(REQUESTS):
            for statement in statements:
                connection.execute(statement, values | {"rows": 101}).fetchall()
        return REQUESTS / (time.process_time() - began)


def lines(found: dict[str, Found], raw: float, shares: str) -> list[dict[str, Any]]:
    """Requests a second of CPU and the 99th percentile."""
    rate = {name: round(statistics.median(one.rate), 2) for name, one in found.items()}
    slowest = {name: round(statistics.median(one.slowest), 1) for name, one in found.items()}
    what = f"the page Règlements, 100 payments, session and HTML; CPU of a page: {shares}"
    values = {"unit": "requests a CPU-second", "ours": rate["ours"], "reference": rate["monolith"]}
    ratio = round(rate["ours"] / rate["monolith"], 3)
    judged = {"ratio": ratio, "goal": 1.0, "met": ratio >= 1.0, "rounds": ROUNDS}
    named = {"reference_name": "Flask, ORM, one process", "floor": round(raw, 1)}
    return [
        {"name": "page_cpu", "what": what, **values, **named, **judged},
        results_file.compared(
            "page_p99",
            f"99th percentile of the wait, {AT_A_TIME} at a time",
            unit="ms",
            ours=slowest["ours"],
            reference=slowest["monolith"],
            reference_name="Flask, ORM, one process",
            goal=1.0,
            rounds=ROUNDS,
        ),
    ]


def main() -> None:
    """Start a portal, measure, print and keep the results."""
    with running({}) as world:
        siret = prepare(world)
        pids = world.pids(OURS)
        with monolith(world) as (address, worker):
            cpu = {
                "ours": lambda: sum(cpu_seconds(pid) for pid in pids.values()),
                "monolith": lambda: cpu_seconds(worker),
            }
            before = {name: cpu_seconds(pid) for name, pid in pids.items()}
            found = asyncio.run(measure({"ours": world.portal, "monolith": address}, cpu))
            pages = WARM_UP + 1 + ROUNDS * REQUESTS
            shares = ", ".join(
                f"{name} {(cpu_seconds(pid) - before[name]) / pages * 1000:.1f} ms" for name, pid in pids.items()
            )
        raw = floor(world, siret)
    results_file.write("page", lines(found, raw, shares))
    print(shares)


if __name__ == "__main__":
    main()
