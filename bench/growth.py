"""What a page, a log-in and an event cost each process and server in CPU, and what each holds: the figures of docs/growth.md.

CPU is read from the kernel per process, with children, so that other work on the machine changes it little.
"""

import http.cookiejar
import json
import os
import re
import sys
import time
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

from bench import results_file
from ops.management import request
from tests.chaos import verdicts
from tests.chaos.funder_system import FunderSystem, event, payment
from tests.chaos.world import World, _family, running
from tests.journeys.outside import Employer, Mailbox
from tests.journeys.outside import FunderSystem as Portal

PROGRAMS = ("gateway", "identity", "payments", "documents", "rabbitmq", "postgres", "objectstore")
PAGES = ("/accueil", "/reglements", "/documents", "/dossiers", "/compte", "/reglements/export.xlsx")
ROUNDS, LOGINS, EVENTS = 150, 40, 2_000
TICK = os.sysconf("SC_CLK_TCK")


class Browser:
    """Pages and forms by HTTP, without drawing them."""

    def __init__(self, portal: str) -> None:
        self._portal = portal
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))

    def get(self, path: str) -> str:
        """The page as text."""
        with self._opener.open(self._portal + path, timeout=30) as answer:
            return answer.read().decode(errors="replace")

    def post(self, path: str, **fields: str) -> None:
        """Send the first form of the page at *path*, its hidden fields as they are."""
        hidden = dict(re.findall(r'type="hidden"\s+name="([^"]+)"\s+value="([^"]*)"', self.get(path)))
        body = urllib.parse.urlencode(hidden | {name.replace("_", "-"): value for name, value in fields.items()})
        with self._opener.open(self._portal + path, body.encode(), timeout=30):
            return


def first_login(world: World, employer: Employer, mailbox: Mailbox) -> Browser:
    """A browser inside the employer's space."""
    browser = Browser(world.portal)
    identifier, password = mailbox.provisional(employer.address)
    browser.post("/connexion", identifiant=identifier, mot_de_passe=password)
    browser.post("/premiere-connexion", identifiant=employer.identifier, mot_de_passe=employer.password)
    browser.post(mailbox.confirmation_path(employer.address), mot_de_passe=employer.password)
    browser.post("/confidentialite", accord="on")
    return browser


def cpu(world: World) -> dict[str, float]:
    """CPU seconds of each program so far."""
    return {name: sum(map(_seconds, _family(world.pid(name)))) for name in PROGRAMS}


def _seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(int(fields[place]) for place in (11, 12, 13, 14)) / TICK  # own, and that of ended children


def cost(world: World, what: str, count: int, work: Any) -> dict[str, Any]:
    """Milliseconds of CPU that one of *count* costs each program."""
    before = cpu(world)
    began = time.monotonic()
    work()
    took = time.monotonic() - began
    spent = {name: round((after - before[name]) * 1000 / count, 2) for name, after in cpu(world).items()}
    line = {"what": what, "count": count, "ms_of_cpu": spent, "sum_ms": round(sum(spent.values()), 2)}
    print(json.dumps(line | {"clock_ms": round(took * 1000 / count, 1)}), flush=True)
    return line


def held(world: World) -> dict[str, Any]:
    """Memory in MB, connections to PostgreSQL by service, connections to RabbitMQ."""
    memory = {name: round(sum(map(_resident, _family(world.pid(name))))) for name in PROGRAMS}
    query = "select usename, count(*) from pg_stat_activity where usename like '%\\_app' or usename like '%\\_worker' group by 1"
    with world.database("identity") as database:
        sessions = dict(database.execute(query).fetchall())
    broker = request(world.stack.endpoints.management, "GET", "/api/connections?columns=user")
    return {"memory_mb": memory, "postgres_connections": sessions, "rabbitmq_connections": len(broker)}


def _resident(pid: int) -> float:
    found = re.search(r"^Pss:\s+(\d+)", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.MULTILINE)
    return int(found[1]) / 1024 if found else 0.0


def measure(world: World) -> dict[str, Any]:
    """All of it."""
    employer, mailbox = Employer(), Mailbox(world.mailbox)
    portal = Portal(world.funder_amqp)
    portal.receive_requests(employer)
    portal.pay(employer)
    browser = first_login(world, employer, mailbox)
    funder = FunderSystem(world.funder_amqp)
    many = [payment(f"G{number:05d}", 1, siret=employer.siret) for number in range(EVENTS)]
    lines = [cost(world, "payment recorded, and its advice", EVENTS, lambda: _pay(world, funder, many))]
    for path in PAGES:
        rounds = ROUNDS if "export" not in path else 20
        lines.append(
            cost(world, path, rounds, lambda path=path, rounds=rounds: [browser.get(path) for _ in range(rounds)])
        )
    credentials = {"identifiant": employer.identifier, "mot_de_passe": employer.password}
    lines.append(
        cost(
            world,
            "log-in",
            LOGINS,
            lambda: [Browser(world.portal).post("/connexion", **credentials) for _ in range(LOGINS)],
        )
    )
    return {"costs": lines, "held": held(world)}


def _pay(world: World, funder: FunderSystem, many: list[dict[str, Any]]) -> None:
    funder.publish([event("PaymentIssued.v1", one) for one in many])
    verdicts.settle(world, funder.ledger, "G", within=120)


def main() -> int:
    """Measure, print, keep."""
    with running() as world:
        found = measure(world)
    print(json.dumps(found["held"]))
    results_file.keep("growth", [found])
    return 0


if __name__ == "__main__":
    sys.exit(main())
