"""The time of a service: the database's and the monotonic time since; steps of the host's clock do not matter (R19)."""

from datetime import UTC, datetime, timedelta

import pytest

from chassis.clock import JITTER, LONGEST_TRIP, DatabaseClock

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
DAYS, HOUR, SECOND = timedelta(days=3), timedelta(hours=1), timedelta(seconds=1)


class Host:
    """A machine: its wall clock may be set, its monotonic time only goes on."""

    def __init__(self) -> None:
        self.wall = NOON
        self.monotonic = 500.0
        self.clock = DatabaseClock(wall=lambda: self.wall, monotonic=lambda: self.monotonic)

    def pass_time(self, seconds: float) -> None:
        self.wall += timedelta(seconds=seconds)
        self.monotonic += seconds

    def hear(self, told: datetime, *, trip: float = 0.01) -> None:
        """The database's answer, which is true now."""
        self.clock.follow(told, trip=trip, at=self.monotonic)


@pytest.fixture
def host() -> Host:
    return Host()


def test_r19_the_databases_time_counts_from_the_first_reading_on(host: Host) -> None:
    host.hear(NOON + HOUR)
    host.pass_time(7)
    assert host.clock.now() == NOON + HOUR + 7 * SECOND


@pytest.mark.parametrize("step", [-DAYS, DAYS])
@pytest.mark.parametrize("read", [False, True])
def test_r19_a_step_of_the_hosts_clock_changes_nothing(host: Host, step: timedelta, read: bool) -> None:
    if read:
        host.hear(NOON)
    host.wall += step
    host.pass_time(5)
    assert host.clock.now() == NOON + 5 * SECOND


def test_r19_before_the_first_reading_the_hosts_clock_counts(host: Host) -> None:
    host.pass_time(3)
    assert host.clock.now() == NOON + 3 * SECOND


@pytest.mark.parametrize("off", [-DAYS, DAYS])
def test_r19_a_host_that_starts_with_a_wrong_clock_is_put_right_by_the_first_reading(off: timedelta) -> None:
    host = Host()
    wrong = DatabaseClock(wall=lambda: NOON + off, monotonic=lambda: host.monotonic)
    wrong.now()
    wrong.follow(NOON, trip=0.01, at=host.monotonic)
    assert wrong.now() == NOON


def test_r19_replicas_agree_whatever_their_hosts_say() -> None:
    here, there = Host(), Host()
    there.wall -= DAYS
    there.monotonic = 9.0
    for host in (here, there):
        host.hear(NOON)
        host.pass_time(30)
    assert here.clock.now() == there.clock.now() == NOON + 30 * SECOND


def test_r19_a_monotonic_time_that_went_too_fast_is_corrected_without_going_back(host: Host) -> None:
    host.hear(NOON)
    host.pass_time(31)
    told = host.clock.now()
    host.hear(NOON + 30 * SECOND)
    assert host.clock.now() == told, "it waits"
    host.pass_time(2)
    assert host.clock.now() == NOON + 32 * SECOND, "and goes on with the database"


def test_r19_a_machine_that_slept_catches_up(host: Host) -> None:
    host.hear(NOON)
    host.pass_time(1)
    host.hear(NOON + HOUR)
    assert host.clock.now() == NOON + HOUR


def test_r19_a_database_whose_clock_went_back_revives_nothing(host: Host) -> None:
    host.hear(NOON)
    host.pass_time(60)
    host.hear(NOON - DAYS)
    host.pass_time(60)
    assert host.clock.now() == NOON + 120 * SECOND


def test_r19_within_the_jitter_the_database_is_followed(host: Host) -> None:
    host.hear(NOON)
    host.hear(NOON - JITTER)
    host.pass_time(60)
    assert host.clock.now() == NOON - JITTER + 60 * SECOND


def test_r19_an_answer_that_took_long_is_not_believed_but_for_the_first(host: Host) -> None:
    host.hear(NOON, trip=LONGEST_TRIP * 2)
    host.hear(NOON + 2 * SECOND, trip=LONGEST_TRIP * 2)
    assert host.clock.now() == NOON


def test_r12_reading_that_may_agree_with_the_clock_moves_it_by_nothing(host: Host) -> None:
    host.hear(NOON + timedelta(milliseconds=200), trip=0.5)
    host.pass_time(1)
    assert host.clock.now() == NOON + SECOND
    host.hear(NOON + 3 * SECOND, trip=0.5)
    assert host.clock.now() == NOON + 3 * SECOND
