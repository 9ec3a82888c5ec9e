"""Servers that are away or frozen: nobody hangs, everybody is told when to come back, and the backlog drains."""

import threading
import time
from collections.abc import Callable
from typing import Any

from tests.chaos import verdicts
from tests.chaos.callers import Answer, Browser, Calls, record_payments
from tests.chaos.funder_system import FunderSystem, dice, in_background, payment, payments
from tests.chaos.world import World
from tests.journeys.outside import new_siret

NOTICE = 0.3  # seconds after the beginning in which answers may still be those of before
PATIENCE = 60.0
LONGEST_WAIT = 0.8  # seconds after the first call until the freeze
CLOCK = (
    0.05  # seconds that a commit's time may be beyond its deadline: the server counts in milliseconds from a trip on
)
COMMITS = (
    "select payment_number, extract(epoch from pg_xact_commit_timestamp(xmin))::float from payments"
    " where payment_number like %s"
)
NEARLY_NOTHING, USUAL_SHARE = 1e-7, 0.4  # of the memory: what the broker may use; 0.4 is its own default


def outage(world: World, victim: str, how: str, *, seconds: float, events: int) -> dict[str, Any]:
    """Take *victim* away for *seconds* while a browser asks and the funder publishes; the figures."""
    mark = f"{victim[:2]}{how[:2]}".upper()
    funder = FunderSystem(world.funder_amqp)
    backlog = payments(events, mark=mark, chance=dice(mark))
    with Browser(world.portal) as browser:
        warm = verdicts.until(lambda: any(answer.well for answer in browser.answers), within=20)
        publishing = in_background(lambda: funder.publish(backlog))
        time.sleep(0.2)
        away = _take_away(world, victim, how)
        began = time.monotonic()
        time.sleep(seconds)
        back = away()
        first = verdicts.until(lambda: browser.first_well_after(back) is not None, within=PATIENCE)
        publishing.join(PATIENCE)
        books, _ = verdicts.settle(world, funder.ledger, mark, within=PATIENCE)
        drained = time.monotonic() - back
    during = [answer for answer in browser.answers if began + NOTICE < answer.ended < back]
    return {
        "warm": warm is not None,
        **of_answers(browser.answers, during),
        "first_success_after_s": None if first is None else round(browser.first_well_after(back) or 0.0, 2),
        "drained_after_s": round(drained, 1),
        "lost": books.lost,
        "extra": books.extra,
        "unpublished": books.unpublished,
        "dead_letters": len(verdicts.dead_letters(world)),
    }


def of_answers(answers: list[Answer], during: list[Answer]) -> dict[str, Any]:
    """What a browser was told, and of that *during* an outage."""
    return {
        "requests": len(answers),
        "hung": sum(answer.hung for answer in answers),
        "unanswered": sum(answer.status == 0 for answer in answers),
        "while_away": len(during),
        "503_with_retry_after": sum(answer.status == 503 and answer.retry_after for answer in during),
        # A good answer is no fault: the server may be back a little before the supervisor has noticed.
        "odd_while_away": sum(not (one.well or (one.status == 503 and one.retry_after)) for one in during),
        "statuses_while_away": {str(status): _count(during, status) for status in {one.status for one in during}},
        "longest_s": round(max((answer.ended - answer.began for answer in answers), default=0.0), 2),
    }


def _count(answers: list[Answer], status: int) -> int:
    return sum(answer.status == status for answer in answers)


def _take_away(world: World, victim: str, how: str) -> Callable[[], float]:
    """Do it; the way to undo it, which tells the moment of the return."""
    if how == "short of memory":
        world.set_memory_limit(NEARLY_NOTHING)
        return lambda: world.set_memory_limit(USUAL_SHARE)
    if how == "frozen":
        world.freeze(victim)
        return lambda: world.thaw(victim)
    if how == "stopped":
        world.stop(victim)
    else:
        world.kill_and_hold(victim)
    return lambda: world.bring_back(victim)


def abandoned_calls(world: World, how: str, *, calls: int, seconds: float = 1.0) -> dict[str, Any]:
    """Writes with a short deadline to a callee that is stopped or frozen; none of them may happen later."""
    siret, mark = new_siret(), f"LATE{how[:2].upper()}"
    bodies = [payment(f"{mark}{number:05d}", 1, siret=siret) for number in range(calls)]
    returns: list[Callable[[], float]] = []
    outcome = record_payments(
        world.funder_amqp,
        bodies,
        seconds=seconds,
        at_a_time=50,
        begin=lambda: returns.append(_take_away(world, "payments", how)),
    )
    returns[0]()
    alive = record_payments(
        world.funder_amqp,
        [payment(f"ALIVE{how[:2].upper()}", 1, siret=siret)],
        seconds=20,
        at_a_time=1,
        begin=lambda: None,
    )
    late = world.value("payments", "select count(*) from payments where payment_number like %s", f"{mark}%")
    return {
        "calls": calls,
        "hung": outcome.hung,
        "unavailable": outcome.unavailable,
        "answered": outcome.answered,
        "other": outcome.refused + outcome.incidents,
        "late_executions": late,
        "longest_s": round(outcome.longest, 2),
        "works_again": alive.answered == 1,
    }


def calls_into_a_freezing_database(
    world: World, *, mark: str, rounds: int, calls: int, seconds: float = 1.0
) -> dict[str, Any]:
    """Writes begun just before PostgreSQL freezes: those under way then may be done in time or never, but not late."""
    chance, siret = dice(rounds), new_siret()
    outcomes: list[Calls] = []
    for number in range(rounds):
        bodies = [payment(f"{mark}{number:03d}X{call:03d}", 1, siret=siret) for call in range(calls)]
        away, frozen = chance.uniform(0, LONGEST_WAIT), threading.Event()

        def freeze(away: float = away, frozen: threading.Event = frozen) -> None:
            in_background(lambda: _freeze_for(world, after=away, seconds=seconds + 1, done=frozen))

        outcomes.append(record_payments(world.funder_amqp, bodies, seconds=seconds, at_a_time=calls, begin=freeze))
        frozen.wait(PATIENCE)
    time.sleep(2)  # whatever would come late has come by now
    deadlines = {number: deadline for outcome in outcomes for number, deadline in outcome.deadlines.items()}
    with world.database("payments") as database:
        commits = dict(database.execute(COMMITS, (f"{mark}%",)).fetchall())
    return {
        "calls": len(deadlines),
        "hung": sum(outcome.hung for outcome in outcomes),
        "answered": sum(outcome.answered for outcome in outcomes),
        "unavailable": sum(outcome.unavailable for outcome in outcomes),
        "other": sum(outcome.refused + outcome.incidents for outcome in outcomes),
        "executed": len(commits),
        "answered_but_not_executed": max(0, sum(outcome.answered for outcome in outcomes) - len(commits)),
        "late_executions": sum(commits[number] > deadlines[number] + CLOCK for number in commits),
        "latest_s": round(max((commits[number] - deadlines[number] for number in commits), default=0.0), 3),
    }


def _freeze_for(world: World, *, after: float, seconds: float, done: threading.Event) -> None:
    time.sleep(after)
    world.freeze("postgres")
    time.sleep(seconds)
    world.thaw("postgres")
    done.set()
