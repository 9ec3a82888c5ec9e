"""Short forms of `make chaos-bus`: each promise under its fault, on real servers (R2, R3, R5 to R8, R10, R12, R13).

Faults that do not touch each other, and mostly wait, come at the same time.
"""

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from espace_contracts.envelope import LARGEST_MESSAGE

from tests.chaos import accounts, deliveries, mails, outages, poison, verdicts
from tests.chaos.callers import Browser
from tests.chaos.world import World

TOO_LARGE = LARGEST_MESSAGE + 1  # the long form's bodies are of 10 MB each
SETTLED = {"lost": 0, "extra": 0, "unpublished": 0, "dead_letters": 0}
DELIVERED = SETTLED | {"returned": 0}
NOBODY_HANGS = {"hung": 0, "unanswered": 0, "odd_while_away": 0}
NEVER_LATER = {"hung": 0, "late_executions": 0}


def test_r02_r03_r05_r06_kills_lose_and_repeat_nothing_and_nobody_hangs(world: World) -> None:
    asked = accounts.ask(world, count=20, seconds=4)
    victims = ("payments", "rabbitmq", "documents", "identity")
    plan = deliveries.Plan("KILL", 120, 4, victims, 60, {"identity": accounts.end_leases})
    with Browser(world.portal) as browser:
        funder, figures = deliveries.under_kills(world, plan, seed=1)
        back = time.monotonic()
        assert verdicts.until(lambda: browser.first_well_after(back) is not None, within=10) is not None
    assert figures | DELIVERED | {"unheard": 0, "unwritten": 0} == figures
    assert figures["written"] >= figures["confirmed"] == plan.events
    answers = outages.of_answers(browser.answers, browser.answers)
    assert answers | NOBODY_HANGS == answers
    with ThreadPoolExecutor() as pool:
        reached = pool.submit(accounts.got, world, asked, kills=1, patience=90)
        again = deliveries.redelivered(world, funder, plan.mark, seed=2)
    assert again | DELIVERED | {"changed": 0, "drained": True} == again
    got = reached.result()
    assert got | {"accounts": 20, "mailed": 20, "working_credentials": 20, "unlike_duplicates": 0} == got
    assert got["duplicate_mails"] <= got["kills"]


def test_r02_r10_relay_killed_between_its_steps_beside_a_hostile_mail_server(world: World) -> None:
    with ThreadPoolExecutor() as pool:
        posted = pool.submit(mails.hostile, world, mark="hostile", away=0, dozens=1, patience=60)
        figures = deliveries.between_steps(world, "STEP", rounds=1, seed=3)
    assert figures | DELIVERED == figures
    assert figures["struck"] == {"commit_publish": 1, "publish_confirm": 1, "confirm_mark": 1}
    post = posted.result()
    assert post | {"not_bounced": 0, "dripping_given_up": 0, "twice": 0} == post
    assert None not in (post["fine_after_s"], post["busy_after_s"]), post
    assert post["longest_talk_s"] < 10, post  # 4 by the settings of these tests, on a machine that does much else


def outage(world: World, victim: str, how: str, *, seconds: float) -> None:
    figures = outages.outage(world, victim, how, seconds=seconds, events=20)
    assert figures | SETTLED | NOBODY_HANGS | {"warm": True} == figures
    assert figures["503_with_retry_after"] > 0, figures
    assert figures["first_success_after_s"] <= 10, figures  # the long form holds 5, where nothing else runs
    assert figures["drained_after_s"] <= 30


# A call's deadline is 5 s: a server that only falls silent is noticed then.


def test_r06_nobody_hangs_while_the_broker_is_frozen(world: World) -> None:
    outage(world, "rabbitmq", "frozen", seconds=6)


def test_r07_r12_broker_short_of_memory_while_a_callee_is_stopped(world: World) -> None:
    with ThreadPoolExecutor() as pool:
        calls = pool.submit(outages.abandoned_calls, world, "stopped", calls=50)
        outage(world, "rabbitmq", "short of memory", seconds=6)
    abandoned(calls.result())


def test_r08_nobody_hangs_while_postgresql_is_killed(world: World) -> None:
    outage(world, "postgres", "killed", seconds=1)


def abandoned(figures: dict[str, Any]) -> None:
    assert figures | NEVER_LATER | {"answered": 0, "works_again": True} == figures


def test_r12_calls_of_a_frozen_callee_are_never_executed_later(world: World) -> None:
    abandoned(outages.abandoned_calls(world, "frozen", calls=50))


def test_r12_calls_under_way_when_the_database_freezes_are_done_in_time_or_never(world: World) -> None:
    figures = outages.calls_into_a_freezing_database(world, mark="FREEZE", rounds=1, calls=50)
    assert figures | {"hung": 0, "answered_but_not_executed": 0, "other": 0} == figures
    # Commits that notify go one at a time, and what PostgreSQL is in the very act of committing it ends after the thaw.
    assert figures["late_executions"] <= 1, figures


def test_r13_poison_in_every_queue_harms_nobody(world: World) -> None:
    figures = poison.everywhere(world, mark="POISON", huge=TOO_LARGE, neighbours=10, redrives=1, patience=60)
    nothing = dict.fromkeys(poison.WRONG, 0)
    assert figures | nothing == figures
    assert None not in (figures["buried_after_s"], figures["buried_again_after_s"]), figures
    assert figures["poisons"] > 6 * figures["queues"]
