"""Short forms of `make chaos-bus`: each promise under its fault, on real servers (R2, R3, R5 to R8, R10, R12, R13)."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.chaos import accounts, deliveries, mails, outages, poison
from tests.chaos.world import World

SETTLED = {"lost": 0, "extra": 0, "unpublished": 0, "returned": 0, "dead_letters": 0}


def test_r02_r03_r05_kills_lose_and_repeat_nothing(world: World) -> None:
    asked = accounts.ask(world, count=20, seconds=5)
    plan = deliveries.Plan("KILL", 150, 6, ("payments", "rabbitmq", "documents", "identity"), 60)
    funder, figures = deliveries.under_kills(world, plan, seed=1)
    assert figures | SETTLED | {"unheard": 0, "unwritten": 0} == figures
    assert figures["written"] >= figures["confirmed"] == plan.events
    again = deliveries.redelivered(world, funder, plan.mark, seed=2)
    assert again | SETTLED | {"changed": 0, "drained": True} == again
    got = accounts.got(world, asked, kills=1, patience=90)
    assert got | {"accounts": 20, "mailed": 20, "working_credentials": 20, "unlike_duplicates": 0} == got
    assert got["duplicate_mails"] <= got["kills"]


def test_r02_relay_killed_between_commit_publish_confirm_and_mark(world: World) -> None:
    figures = deliveries.between_steps(world, "STEP", rounds=1, seed=3)
    assert figures | SETTLED == figures
    assert figures["struck"] == {"commit_publish": 1, "publish_confirm": 1, "confirm_mark": 1}


@pytest.mark.parametrize(
    ("victim", "how", "seconds"),
    [  # a call's deadline is 5 s: a server that only falls silent is noticed then
        ("rabbitmq", "killed", 2),
        ("rabbitmq", "frozen", 6),
        ("rabbitmq", "short of memory", 6),
        ("postgres", "killed", 2),
    ],
)
def test_r06_r07_r08_nobody_hangs_while_a_server_is_away(world: World, victim: str, how: str, seconds: float) -> None:
    figures = outages.outage(world, victim, how, seconds=seconds, events=20)
    none = ("hung", "unanswered", "odd_while_away", "lost", "extra", "unpublished", "dead_letters")
    promised = {"warm": True} | dict.fromkeys(none, 0)
    assert figures | promised == figures
    assert figures["503_with_retry_after"] > 0, figures
    assert figures["first_success_after_s"] <= 10, figures  # the long form holds 5, where nothing else runs
    assert figures["drained_after_s"] <= 30


def test_r10_r13_hostile_mail_server_and_poison_in_every_queue_harm_nobody(world: World) -> None:
    with ThreadPoolExecutor() as pool:  # they do not touch each other, and both mostly wait
        posted = pool.submit(mails.hostile, world, mark="hostile", away=0, dozens=1, patience=60)
        figures = poison.everywhere(world, mark="POISON", neighbours=10, redrives=1, patience=60)
    nothing = dict.fromkeys(poison.WRONG, 0)
    assert figures | nothing == figures
    assert None not in (figures["buried_after_s"], figures["buried_again_after_s"]), figures
    assert figures["poisons"] > 6 * figures["queues"]
    post = posted.result()
    assert post | {"not_bounced": 0, "dripping_given_up": 0, "twice": 0} == post
    assert None not in (post["fine_after_s"], post["busy_after_s"]), post
    assert post["longest_talk_s"] < 10, post  # 4 by the settings of these tests, on a machine that does much else


@pytest.mark.parametrize("how", ["stopped", "frozen"])
def test_r12_abandoned_calls_are_never_executed_later(world: World, how: str) -> None:
    figures = outages.abandoned_calls(world, how, calls=50)
    assert figures | {"hung": 0, "late_executions": 0, "answered": 0, "works_again": True} == figures


def test_r12_calls_under_way_when_the_database_freezes_are_done_in_time_or_never(world: World) -> None:
    figures = outages.calls_into_a_freezing_database(world, mark="FREEZE", rounds=1, calls=50)
    nothing = {"hung": 0, "late_executions": 0, "answered_but_not_executed": 0, "other": 0}
    assert figures | nothing == figures
