"""K12, R12: an attempt that nobody heard the end of is held against nobody."""

import time
from dataclasses import replace

import pytest
from espace_contracts.errors import DeadlineExceeded, TooManyAttempts, WrongCredentials

from tests.service.identity.front_desk import FrontDesk

WRONG = "Wrong-password"


class Overloaded:
    """Hashing that is done when the caller has gone; *meanwhile* happens before that."""

    def __init__(self, hashing, deadline, meanwhile):
        self._hashing, self._deadline, self._meanwhile = hashing, deadline, meanwhile

    def check(self, stored, password):
        self._meanwhile()
        proof = self._hashing.check(stored, password)
        time.sleep(max(0.0, self._deadline - time.monotonic()) + 0.01)
        return proof


def too_late(desk, identity_db, identifier, password, meanwhile=lambda: None):
    """A log-in at another process, whose caller's deadline passes while its password is compared."""
    busy = FrontDesk(identity_db)
    deadline = time.monotonic() + 0.5
    busy.now = desk.tick()
    busy.service.db = identity_db.until(deadline)
    busy.service.kit = replace(busy.service.kit, passwords=Overloaded(busy.service.kit.passwords, deadline, meanwhile))
    with pytest.raises(DeadlineExceeded):
        busy.log_in(identifier, password, token="never")


def fail(desk, times):
    for _ in range(times):
        with pytest.raises(WrongCredentials):
            desk.log_in("nobody", WRONG)


@pytest.mark.parametrize("right", [True, False])
def test_k12_an_attempt_past_its_callers_deadline_is_not_counted(desk, identity_db, right):
    identifier, password = desk.open_provisional()
    too_late(desk, identity_db, identifier, password if right else WRONG)
    assert desk.column("select failures from login_attempts") == [0, 0]
    assert desk.column("select count(*) from sessions where ended_at is null") == [0]
    assert desk.column("select count(*) from audit_log where action = 'login'") == [0]


def test_k12_nor_does_its_delay_go_on(desk, identity_db):
    fail(desk, 5)
    too_late(desk, identity_db, "nobody", WRONG)
    fail(desk, 1)
    with pytest.raises(TooManyAttempts) as refusal:
        desk.log_in("nobody", WRONG)
    assert refusal.value.retry_after == 2


def test_k12_the_delay_of_another_ones_failure_does(desk, identity_db):
    def wait_and_fail():
        desk.later(seconds=2)
        fail(desk, 1)

    fail(desk, 5)
    too_late(desk, identity_db, "nobody", WRONG, meanwhile=wait_and_fail)
    assert desk.column("select failures from login_attempts where subject like 'identifier:%'") == [6]
    with pytest.raises(TooManyAttempts):
        desk.log_in("nobody", WRONG)
