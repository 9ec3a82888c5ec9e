"""Deadlines in the time of who is called, whatever the caller's clock says (R12, R19)."""

import pytest
from espace_contracts.deadlines import Deadlines, came_too_late
from hypothesis import example, given
from hypothesis import strategies as st

MINUTE, DAYS = 60.0, 3 * 86_400.0
OFF = [0.0, MINUTE, -MINUTE, DAYS, -DAYS]


class Hosts:
    """A caller whose clock is *off* by seconds, and a service whose clock is right."""

    def __init__(self, off: float = 0.0) -> None:
        self.true, self.off = 1_800_000_000.0, off
        self.deadlines = Deadlines(wall=lambda: self.true + self.off, monotonic=lambda: self.true - 1_799_000_000.0)

    def call(self, *, there: float = 0.001, back: float = 0.001) -> None:
        """One call: seconds until the service answers, and until its reply is here."""
        sent = self.deadlines.now()
        self.true += there
        told = int(self.true * 1000)
        self.true += back
        self.deadlines.learn("payments", told, sent=sent)

    def error(self) -> float:
        """By how many seconds a deadline is later than meant, seen from the service."""
        header = self.deadlines.header("payments", self.deadlines.now() + 5)
        return header / 1000 - (self.true + 5)


@pytest.mark.parametrize("off", OFF)
def test_r19_after_one_reply_deadlines_are_right_whatever_the_callers_clock(off: float) -> None:
    hosts = Hosts(off)
    assert hosts.error() == pytest.approx(off, abs=0.01)
    hosts.call()
    assert hosts.error() == pytest.approx(0, abs=0.01)


def test_r19_step_of_the_callers_clock_between_two_calls_changes_nothing() -> None:
    hosts = Hosts()
    hosts.call()
    hosts.off = -DAYS
    assert hosts.error() == pytest.approx(0, abs=0.01)


def test_r19_service_that_is_set_is_followed() -> None:
    hosts = Hosts()
    hosts.call()
    hosts.deadlines.learn("payments", int((hosts.true - MINUTE) * 1000), sent=hosts.deadlines.now() - 0.002)
    assert hosts.error() == pytest.approx(-MINUTE, abs=0.01)


def test_each_service_has_its_own_time() -> None:
    hosts = Hosts(MINUTE)
    hosts.call()
    elsewhere = hosts.deadlines.header("identity", hosts.deadlines.now()) / 1000
    assert elsewhere == pytest.approx(hosts.true + MINUTE, abs=0.01)


trips = st.tuples(st.floats(0, 30), st.floats(0, 30))


@given(off=st.floats(-DAYS, DAYS), calls=st.lists(trips, min_size=1, max_size=10))
@example(off=0.0, calls=[(20.0, 0.0), (0.0, 20.0)])
@example(off=MINUTE, calls=[(20.0, 0.0), (0.0, 20.0)])
def test_r12_no_deadline_is_off_by_more_than_the_quickest_call_took(
    off: float, calls: list[tuple[float, float]]
) -> None:
    hosts = Hosts(off)
    for there, back in calls:
        hosts.call(there=there, back=back)
    assert abs(hosts.error()) <= min(there + back for there, back in calls) + 0.01


@given(calls=st.lists(trips, max_size=10))
def test_r12_clocks_that_agree_are_left_alone_however_long_calls_take(calls: list[tuple[float, float]]) -> None:
    hosts = Hosts()
    for there, back in calls:
        hosts.call(there=there, back=back)
    assert abs(hosts.error()) < 0.01


@pytest.mark.parametrize("told", [None, True, "1800000000000", 1.5])
def test_r20_service_of_the_first_release_tells_no_time(told: object) -> None:
    hosts = Hosts(MINUTE)
    hosts.deadlines.learn("payments", told, sent=hosts.deadlines.now())
    assert hosts.error() == pytest.approx(MINUTE, abs=0.01)


@pytest.mark.parametrize(
    ("error", "late"), [(None, False), ({"code": "not_found"}, False), ({"code": "deadline_exceeded"}, True)]
)
def test_only_the_refusal_of_a_late_start_counts_as_late(error: object, late: bool) -> None:
    assert came_too_late({"result": None, "error": error}) is late
