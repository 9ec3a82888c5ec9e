"""`make soak`: half an hour of everything at once, with a fault every 20 s, and nothing lost, doubled or growing (R22).

Two processes of each kind. The first is frozen at most, so that its memory, descriptors and connections can be watched
for the whole time; the second is killed, as the servers are. SOAK_MINUTES says how long.
"""

import json
import os
import random
import sys
import time
from typing import Any

from bench.results_file import FOLDER
from bench.soak_people import Ledger, People
from bench.soak_samples import Samples, of_servers
from tests.chaos import verdicts
from tests.chaos.accounts import request_for
from tests.chaos.employer import Employer, logged_in
from tests.chaos.funder_system import FunderSystem, dice, event, in_background, payment, payments
from tests.chaos.replicas import SERVICES, address_of, second_of
from tests.chaos.world import World, running
from tests.journeys.outside import new_siret

FAULT_EVERY = 20.0  # seconds
FROZEN_SECONDS = 4.0
AWAY_SECONDS = 3.0
PEOPLE = 4
TICKABLE = 40  # payments that people tick
PAYMENTS_A_SECOND = 3.0
REQUEST_EVERY = 10.0  # seconds between two employers' first requests
PATIENCE = 240.0  # seconds for everything to arrive in the end
SERVERS = ("rabbitmq", "postgres", "objectstore", "mailcatcher")
NICENESS = 5  # other people's work comes first
DOMAIN = "@chaos-soak.example"
TICKED = "select payment_number from payments where siret = %s and ticked_at is not null"
OPENED = "select count(*) from accounts join account_access on account_id = accounts.id where siret = any(%s)"
SENT = "select count(*) from mails where name = 'provisional_credentials' and state = 'sent' and siret = any(%s)"
DOCUMENTS = "select id::text from documents where siret = %s"


def say(text: str) -> None:
    """Progress, with the time."""
    print(f"{time.strftime('%H:%M:%S')} {text}", flush=True)


class Faults:
    """One every FAULT_EVERY seconds, drawn at random."""

    def __init__(self, world: World, seconds: tuple[str, ...], firsts: tuple[str, ...], *, seed: int) -> None:
        self._world, self._chance = world, random.Random(seed)
        self._faults = [
            *((self._kill, name) for name in (*seconds, *SERVERS)),
            *((self._freeze, name) for name in (*firsts, *SERVERS[:3])),
            *((self._hold_down, name) for name in SERVERS),
        ]
        self.done: dict[str, int] = {}

    def strike(self, until: float) -> None:
        """Faults until *until* (monotonic)."""
        while (left := until - time.monotonic()) > FAULT_EVERY:
            began = time.monotonic()
            fault, name = self._chance.choice(self._faults)
            what = f"{fault.__name__.strip('_')} {name}"
            say(f"{what}, {left / 60:.0f} min left")
            fault(name)
            self.done[what] = self.done.get(what, 0) + 1
            time.sleep(max(FAULT_EVERY - (time.monotonic() - began), 0))
        time.sleep(max(until - time.monotonic(), 0))

    def _kill(self, name: str) -> None:
        self._world.kill(name)

    def _freeze(self, name: str) -> None:
        self._world.freeze(name)
        time.sleep(FROZEN_SECONDS)
        self._world.thaw(name)

    def _hold_down(self, name: str) -> None:
        self._world.kill_and_hold(name)
        time.sleep(AWAY_SECONDS)
        self._world.bring_back(name)


def soaked(world: World, *, minutes: float, seed: int) -> dict[str, Any]:
    """Everything at once for *minutes*; the figures."""
    seconds = tuple(second_of(world, name) for name in (*SERVICES, "gateway"))
    portals = (world.portal, address_of(world, "gateway-2"))
    employer, funder = logged_in(world), FunderSystem(world.funder_amqp)
    own = [f"SOAKOWN{number:03d}" for number in range(TICKABLE)]
    funder.publish([event("PaymentIssued.v1", payment(number, 1, siret=employer.siret)) for number in own])
    verdicts.settle(world, funder.ledger, "SOAKOWN", within=60)
    flow = payments(int(minutes * 60 * PAYMENTS_A_SECOND), mark="SOAKFLOW", chance=dice(seed))
    newcomers = [new_siret() for _ in range(int(minutes * 60 / REQUEST_EVERY))]
    opener = FunderSystem(world.funder_amqp)
    requests = [request_for(siret, f"rh-{siret}{DOMAIN}") for siret in newcomers]
    faults = Faults(world, seconds, (*SERVICES, "gateway"), seed=seed)
    until = time.monotonic() + minutes * 60
    with Samples(world, (*SERVICES, "gateway")) as samples, People(portals, employer, own, count=PEOPLE) as people:
        publishing = in_background(lambda: funder.publish(flow, pause=1 / PAYMENTS_A_SECOND))
        opening = in_background(lambda: opener.publish(requests, pause=REQUEST_EVERY))
        faults.strike(until)
    say("the ledger is compared")
    publishing.join(PATIENCE)
    opening.join(PATIENCE)
    figures = {"minutes": minutes, "faults": faults.done, "fault_count": sum(faults.done.values())}
    figures |= _reconciled(world, funder, employer, people.ledger, newcomers)
    return figures | {"flat": samples.trends(), "at_the_end": of_servers(world), "samples": len(samples.rows)}


def _reconciled(
    world: World, funder: FunderSystem, employer: Employer, ledger: Ledger, newcomers: list[str]
) -> dict[str, Any]:
    """The outside's ledger against databases, mails and the store."""
    books, took = verdicts.settle(world, funder.ledger, "SOAK", within=PATIENCE)
    mailed = verdicts.until(lambda: world.value("identity", SENT, newcomers) >= len(newcomers), within=PATIENCE)
    with world.database("payments") as database:
        ticked = {row[0] for row in database.execute(TICKED, (employer.siret,))}
    with world.database("documents") as database:
        kept = {row[0] for row in database.execute(DOCUMENTS, (employer.siret,))}
    sure = {number: state for number, state in ledger.ticked.items() if number not in ledger.unsure}
    return {
        "payments": len(books.promised),
        "settled_after_s": round(took, 1),
        "lost": books.lost,
        "extra": books.extra,
        "unpublished": books.unpublished,
        "dead_letters": len(verdicts.dead_letters(world)),
        "waiting_in_queues": sum(verdicts.waiting(world).values()),
        "employers": len(newcomers),
        "accounts_off": abs(world.value("identity", OPENED, newcomers) - len(newcomers)),
        "mails_missing": 0 if mailed is not None else len(newcomers) - world.value("identity", SENT, newcomers),
        "ticks_wrong": sum((number in ticked) != state for number, state in sure.items()),
        "documents": len(ledger.stored),
        "documents_lost": len(set(ledger.stored) - kept),
        "documents_unlike": ledger.unlike,
        "done": dict(ledger.done),
        "statuses": {str(status): count for status, count in sorted(ledger.statuses.items())},
        "odd_answers": ledger.odd,
        "longest_s": round(ledger.longest, 1),
    }


NOTHING = ("lost", "extra", "unpublished", "dead_letters", "waiting_in_queues", "accounts_off", "mails_missing")
NOTHING_EITHER = ("ticks_wrong", "documents_lost", "documents_unlike", "odd_answers")


def main() -> int:
    """Soak, print, keep; 1 when a promise was broken."""
    os.nice(NICENESS)
    minutes = float(os.environ.get("SOAK_MINUTES", "30"))
    with running() as world:
        figures = soaked(world, minutes=minutes, seed=int(os.environ.get("CHAOS_SEED", "22")))
    broken = [name for name in (*NOTHING, *NOTHING_EITHER) if figures[name]]
    broken += [name for name, trend in figures["flat"].items() if not trend["flat"]]
    line = {"name": "soak", "kept": not broken, "broken": broken, "figures": figures}
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / "soak.json").write_text(json.dumps([line], indent=2) + "\n", encoding="utf-8")
    print(json.dumps(line, indent=1))
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
