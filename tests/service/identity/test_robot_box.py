"""S18, K14: the robot box of the reset page, its mailed code, and all faults at once."""

import time
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from espace_contracts.errors import LinkInvalid, ResetRefused, TooManyAttempts
from sqlalchemy import event

from tests.service.identity.front_desk import CONTACT, NEW_PASSWORD, OWN_IDENTIFIER

PARALLEL, ROUNDS = 8, 5


@pytest.fixture
def reset_link(desk):
    desk.activated()
    desk.forget_password(OWN_IDENTIFIER)
    return desk.link("password_reset")


def faults(desk, link, *password, **typed):
    with pytest.raises(ResetRefused) as refusal:
        desk.reset(link, *password, **typed)
    return refusal.value.fields


def test_s18_every_fault_is_told_at_once(desk, reset_link):
    found = faults(desk, reset_link, "abc", identifier="somebody", repeated="abd", solved=None)
    assert found == ("identifier", "min_length", "uppercase", "special", "repeated", "robot")
    desk.reset(reset_link)


def test_s18_each_field_is_mandatory(desk, reset_link):
    assert faults(desk, reset_link, solved=None) == ("robot",)
    assert faults(desk, reset_link, repeated="") == ("repeated",)
    assert faults(desk, reset_link, identifier="") == ("identifier",)
    assert faults(desk, reset_link, "") == ("min_length", "uppercase", "special")


def test_k14_a_solved_challenge_serves_once_whatever_came_of_it(desk, reset_link):
    used = desk.solved("used")
    assert faults(desk, reset_link, "abc", solved=used) == ("min_length", "uppercase", "special")
    assert faults(desk, reset_link, solved=used) == ("robot",)
    desk.reset(reset_link, solved=desk.solved("fresh"))


def test_k14_a_late_challenge_is_none(desk, reset_link):
    old = desk.solved()
    desk.later(minutes=10)
    assert faults(desk, reset_link, solved=old) == ("robot",)


def test_k14_of_many_uses_of_one_challenge_at_a_time_exactly_one_passes(desk, reset_link):
    """A refusal must not give the challenge back, not even for an instant: a pause follows each transaction."""
    event.listen(desk.database._app, "checkin", lambda *_: time.sleep(0.02))
    start = Barrier(PARALLEL)

    def attempt(same):
        start.wait()
        return "robot" not in faults(desk, reset_link, "abc", solved=same)

    with ThreadPoolExecutor(PARALLEL) as pool:
        passed = [sum(pool.map(attempt, [desk.solved()] * PARALLEL)) for _ in range(ROUNDS)]
    assert passed == [1] * ROUNDS


@pytest.mark.parametrize("refusal", [LinkInvalid, TooManyAttempts])
def test_k14_a_challenge_is_used_up_by_whatever_refusal(desk, reset_link, refusal):
    used = desk.solved()
    for number in range(6 if refusal is TooManyAttempts else 0):
        faults(desk, reset_link, identifier=f"guess {number}")
    with pytest.raises(refusal):
        desk.reset(reset_link if refusal is TooManyAttempts else "no such link", solved=used)

    desk.later(seconds=3)
    assert faults(desk, reset_link, solved=used) == ("robot",)


def test_s18_without_script_a_mailed_code_stands_for_the_tick(desk, reset_link):
    code = desk.send_code(reset_link)
    (mail,) = desk.mails("robot_code")
    assert mail.recipient == CONTACT
    assert desk.tables_with(code) == []
    desk.reset(reset_link, code=f" {code.lower().replace('-', ' ')} ")
    assert desk.log_in(OWN_IDENTIFIER, NEW_PASSWORD, token="third").state == "active"


def test_s18_a_code_serves_once_for_its_link_and_for_a_while(desk, reset_link):
    code = desk.send_code(reset_link)
    newer = desk.send_code(reset_link)
    assert faults(desk, reset_link, code=code) == ("robot",)
    desk.later(minutes=20)
    assert faults(desk, reset_link, code=newer) == ("robot",)
    desk.forget_password(OWN_IDENTIFIER)
    other = desk.link("password_reset")
    assert faults(desk, other, code=newer) == ("robot",)
    with pytest.raises(LinkInvalid):
        desk.send_code(reset_link)


def test_k12_guessing_codes_and_asking_for_mails_is_delayed(desk, reset_link):
    for number in range(6):
        assert faults(desk, reset_link, code=f"guess {number}") == ("robot",)
    with pytest.raises(TooManyAttempts):
        desk.reset(reset_link)
    desk.later(seconds=3)
    for _ in range(10):
        desk.send_code(reset_link)
    with pytest.raises(TooManyAttempts):
        desk.send_code(reset_link)
