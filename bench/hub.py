"""`make bench NAME=hub`: the longest gap between two turns of each process's event loop under log-ins, exports and deposits (R17).

The real processes, which tell the gap themselves (`espace_hub_longest_gap_seconds`); payments and mails come meanwhile.
The floor is the gap of the same processes with nothing to do. HUB_SECONDS says how long the load lasts.
"""

import os
import time
from typing import Any
from urllib.request import urlopen

from prometheus_client.parser import text_string_to_metric_families

from bench import payments_data, results_file
from bench.hub_crowd import KINDS, Crowd
from chassis.ticks import WINDOW
from ops.environment import PROCESSES
from tests.chaos.accounts import request_for
from tests.chaos.employer import logged_in
from tests.chaos.funder_system import FunderSystem, event, in_background, payment
from tests.chaos.world import World, running
from tests.journeys.outside import new_siret

GOAL = 200.0  # milliseconds
SECONDS = 120.0
LOOK_EVERY = 10.0  # seconds; a process tells a gap for WINDOW at least
PEOPLE = 2 * KINDS
PAYMENTS = 30_000  # of the employer: more than an export within the call may hold
COMING_A_SECOND = 20.0
REQUEST_EVERY = 2.0  # seconds between two employers' first requests, each of which is answered by a mail
PORTS = {"gateway": "GATEWAY_OPERATORS_PORT"}  # of /metrics
METRIC = "espace_hub_longest_gap_seconds"

Gaps = dict[str, float]


def gaps(world: World) -> Gaps:
    """Milliseconds, by process, as each tells them now."""
    return {
        name: _gap(world.program(name).environment[PORTS.get(name, f"{name.upper()}_HTTP_PORT")]) for name in PROCESSES
    }


def _gap(port: str) -> float:
    with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=20) as answer:
        page = answer.read().decode()
    (family,) = (family for family in text_string_to_metric_families(page) if family.name == METRIC)
    return round(family.samples[0].value * 1000, 1)


def longest(world: World, seconds: float) -> Gaps:
    """The longest of *seconds*, and of up to two windows before."""
    until, found = time.monotonic() + seconds, dict.fromkeys(PROCESSES, 0.0)
    while (left := until - time.monotonic()) > 0:
        time.sleep(min(LOOK_EVERY, left))
        found = {name: max(found[name], gap) for name, gap in gaps(world).items()}
    return found


def measured(world: World, seconds: float) -> tuple[Gaps, Gaps, Crowd]:
    """The gaps without work, those under the load, and who made it."""
    employer = logged_in(world)
    with world.database("payments") as database:
        payments_data.pay(database, employer.siret, count=PAYMENTS)
        database.execute("analyze payments")
    time.sleep(2 * WINDOW)  # the start is no longer told of
    idle = gaps(world)
    coming = [
        event("PaymentIssued.v1", payment(f"HUB{number:05d}", 1, siret=employer.siret))
        for number in range(int(seconds * COMING_A_SECOND))
    ]
    requests = [request_for(new_siret(), f"rh{number}@hub.example") for number in range(int(seconds / REQUEST_EVERY))]
    arriving = [
        in_background(lambda: FunderSystem(world.funder_amqp).publish(coming, pause=1 / COMING_A_SECOND)),
        in_background(lambda: FunderSystem(world.funder_amqp).publish(requests, pause=REQUEST_EVERY)),
    ]
    with Crowd((world.portal,), employer, [], count=PEOPLE) as crowd:
        under_load = longest(world, seconds)
    for each in arriving:
        each.join()
    return idle, under_load, crowd


def lines(idle: Gaps, under_load: Gaps, crowd: Crowd) -> list[dict[str, Any]]:
    """Each process against the goal."""
    done = ", ".join(f"{count} {what}" for what, count in crowd.ledger.done.items())
    statuses = ", ".join(f"{status}: {count}" for status, count in sorted(crowd.ledger.statuses.items()))
    return [
        results_file.compared(
            f"hub_{name}",
            f"the longest gap during {done}; answers {statuses}",
            unit="ms",
            ours=under_load[name],
            reference=GOAL,
            reference_name="the bound that was set",
            floor=idle[name],
            goal=1.0,
            rounds=1,
        )
        for name in PROCESSES
    ]


def main() -> None:
    """Measure, print, keep the result."""
    with running() as world:
        found = measured(world, float(os.environ.get("HUB_SECONDS", SECONDS)))
    results_file.write("hub", lines(*found))


if __name__ == "__main__":
    main()
