"""Events under kills: nothing lost, nothing twice."""

import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from tests.chaos import verdicts
from tests.chaos.funder_system import FunderSystem, dice, in_background, payments
from tests.chaos.listener import listening
from tests.chaos.world import World

TAKE_LOCK = "select pg_try_advisory_lock(hashtext('outbox relay'))"
END_ITS_HOLDER = (
    "select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and granted"
    " and database = (select oid from pg_database where datname = current_database())"
)
HOLD_MARKS = "select id from outbox where published_at is null for update"
COMMITTED = "select count(*) from outbox where published_at is null"

MOST_TRIES = 8


@dataclass(frozen=True)
class Plan:
    """How much, and how hard."""

    mark: str
    events: int
    seconds: float  # over which they are published
    kills: tuple[str, ...]  # at random places among them, in random order
    patience: float  # seconds until everything must have arrived
    while_dead: Mapping[str, Callable[[World], None]] = field(default_factory=dict)  # before it is started again


def under_kills(world: World, plan: Plan, *, seed: int) -> tuple[FunderSystem, dict[str, Any]]:
    """Publish while programs are killed at random moments; the funder with its ledger, and the figures."""
    chance = dice(seed)
    funder = FunderSystem(world.funder_amqp)
    events = payments(plan.events, mark=plan.mark, chance=chance)
    with listening(world) as listener:
        funder.publish(_interrupted(world, events, plan, chance), pause=plan.seconds / plan.events)
        books, took = verdicts.settle(world, funder.ledger, plan.mark, within=plan.patience)
        on_the_wire = listener.figures()
    return funder, _figures(world, funder, books) | on_the_wire | {
        "kills": len(plan.kills),
        "settled_after_s": round(took, 1),
    }


def _interrupted(
    world: World, events: list[dict[str, Any]], plan: Plan, chance: random.Random
) -> Iterator[dict[str, Any]]:
    """*events* one by one; at random places among them a program is killed, and publishing goes on meanwhile.

    One program is back before it is killed again; others may be down beside it.
    """
    victims = chance.sample(plan.kills, len(plan.kills))
    places = dict(zip(sorted(chance.sample(range(len(events)), len(victims))), victims, strict=True))
    killing: dict[str, threading.Thread] = {}
    for number, event in enumerate(events):
        if victim := places.get(number):
            if victim in killing:
                killing[victim].join()
            killing[victim] = in_background(partial(_kill, world, victim, plan))
        yield event
    for thread in killing.values():
        thread.join()


def _kill(world: World, victim: str, plan: Plan) -> None:
    world.kill_and_hold(victim)
    if victim in plan.while_dead:
        plan.while_dead[victim](world)
    world.bring_back(victim)


def between_steps(world: World, mark: str, *, rounds: int, seed: int) -> dict[str, Any]:
    """Kill payments, which holds the relay, exactly between commit and publish, publish and confirm, confirm and mark."""
    chance = dice(seed)
    funder = FunderSystem(world.funder_amqp)
    points: dict[str, Callable[[World], Any]] = {
        "commit_publish": _before_publish,
        "publish_confirm": _before_confirm,
        "confirm_mark": _before_mark,
    }
    struck = dict.fromkeys(points, 0)
    for number in range(rounds):
        for letter, (name, point) in zip("ABC", points.items(), strict=True):
            for attempt in range(MOST_TRIES):  # the relay needs milliseconds: a strike may come too late
                events = payments(20, mark=f"{mark}{letter}{number}T{attempt}", chance=chance)
                with point(world) as strike:
                    hit = strike(funder, events)
                if hit:
                    struck[name] += 1
                    break
    books, took = verdicts.settle(world, funder.ledger, mark, within=60)
    return _figures(world, funder, books) | {"struck": struck, "settled_after_s": round(took, 1)}


def redelivered(world: World, funder: FunderSystem, mark: str, *, seed: int) -> dict[str, Any]:
    """Everything in the ledger three times more, shuffled, under the same ids."""
    before = verdicts.books(world, funder.ledger, mark)
    again = funder.ledger.confirmed * 3
    dice(seed).shuffle(again)
    funder.publish(again, noted=False)
    drained = verdicts.until(lambda: not verdicts.waiting(world), within=120)
    books, _ = verdicts.settle(world, funder.ledger, mark, within=30)
    changed = sum(
        getattr(before, place).get(key) != value
        for place in ("payments", "advices", "recorded")
        for key, value in getattr(books, place).items()
    )
    return _figures(world, funder, books) | {
        "redelivered": len(again),
        "changed": changed,
        "drained": drained is not None,
    }


def _figures(world: World, funder: FunderSystem, books: verdicts.Books) -> dict[str, Any]:
    dead = verdicts.dead_letters(world)
    return {
        "confirmed": len(funder.ledger.confirmed),
        "payments": len(books.promised),
        "publish_attempts": funder.ledger.attempts,
        "lost": books.lost,
        "extra": books.extra,
        "unpublished": books.unpublished,
        "returned": len(funder.ledger.returned),
        "dead_letters": len(dead),
        "dead_reasons": sorted({f"{queue}: {reason}" for queue, reason in dead}),
    }


@contextmanager
def _before_publish(world: World) -> Any:
    """The relay's lock is ours: what is committed stays unpublished until payments has been killed."""
    with world.database("payments") as ours:

        def taken() -> bool:
            ours.execute(END_ITS_HOLDER)  # the relay comes back after a second
            return ours.execute(TAKE_LOCK).fetchone() == (True,)

        held = verdicts.until(taken, within=15, every=0.02) is not None

        def strike(funder: FunderSystem, events: list[dict[str, Any]]) -> bool:
            funder.publish(events)
            reached = held and _waits(world)
            world.kill_and_hold("payments")
            return reached

        yield strike
    world.bring_back("payments")


@contextmanager
def _before_confirm(world: World) -> Any:
    """The broker freezes with the window on its way; payments is killed, then the broker goes on."""

    def strike(funder: FunderSystem, events: list[dict[str, Any]]) -> bool:
        with world.database("payments") as ours:
            publishing = in_background(lambda: funder.publish(events))
            reached = verdicts.until(lambda: ours.execute(COMMITTED).fetchone() != (0,), within=5, every=0.001)
        world.freeze("rabbitmq")
        time.sleep(0.3)
        world.kill_and_hold("payments")
        world.thaw("rabbitmq")
        world.bring_back("payments")
        publishing.join(30)
        return reached is not None

    yield strike


@contextmanager
def _before_mark(world: World) -> Any:
    """The rows are locked by us as soon as they are there, so that the mark waits; then payments is killed."""

    def strike(funder: FunderSystem, events: list[dict[str, Any]]) -> bool:
        with world.database("payments") as ours, ours.transaction():
            publishing = in_background(lambda: funder.publish(events))
            reached = verdicts.until(lambda: bool(ours.execute(HOLD_MARKS).fetchall()), within=10, every=0.001)
            publishing.join(30)
            time.sleep(0.5)  # published and confirmed, while the mark waits for our lock
            world.kill_and_hold("payments")
        world.bring_back("payments")
        return reached is not None

    yield strike


def _waits(world: World) -> bool:
    return verdicts.until(lambda: world.value("payments", COMMITTED) > 0, within=15) is not None
