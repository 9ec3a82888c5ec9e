"""R19: the host's clock, set three days back, revives neither a link nor a session; the database's time counts."""

import time
from datetime import timedelta
from types import SimpleNamespace

import pytest
from espace_contracts.errors import LinkInvalid, SessionInvalid

from chassis.clock import utc_now
from chassis.database import Database, engine_for
from chassis.loops import SharedClock
from chassis.timekeeping import Clock
from tests.service.identity.front_desk import OWN_IDENTIFIER, SECOND

THREE_DAYS = timedelta(days=3)


def clock_of(database):
    """The dependency of a service, set up as in a container."""
    clock = Clock()
    clock.shared_database = SimpleNamespace(database=database)
    clock.shared_clock = SharedClock()
    clock.container = SimpleNamespace(config={"settings": None})
    clock.setup()
    return clock.get_dependency(None)


@pytest.fixture
def over(desk):
    """A desk whose session ended an hour ago, and the token of a link that did."""
    real = utc_now()
    desk.now = real - timedelta(hours=13)
    desk.activated()
    desk.accept()
    desk.now = real - timedelta(hours=2)
    desk.forget_password(OWN_IDENTIFIER)
    return desk, desk.link("password_reset")


def set_back(monkeypatch):
    now = time.time
    monkeypatch.setattr(time, "time", lambda: now() - THREE_DAYS.total_seconds())


def assert_both_dead(desk, link):
    with pytest.raises(LinkInvalid):
        desk.look_at_reset_link(link)
    with pytest.raises(SessionInvalid):
        desk.check(SECOND)


def test_r19_link_and_session_that_are_over_stay_dead_on_a_host_whose_clock_is_set_back(over, monkeypatch):
    desk, link = over
    set_back(monkeypatch)
    desk.service.clock = clock_of(desk.database)
    assert_both_dead(desk, link)


def test_r19_a_step_back_while_the_process_runs_revives_nothing(over, monkeypatch):
    desk, link = over
    desk.service.clock = clock_of(desk.database)
    set_back(monkeypatch)
    assert_both_dead(desk, link)


def test_r19_by_the_hosts_own_clock_they_would_live_again(over, monkeypatch):
    desk, link = over
    set_back(monkeypatch)
    desk.service.clock = utc_now
    desk.look_at_reset_link(link)
    desk.check(SECOND)


def test_r19_a_database_that_is_away_keeps_no_service_from_starting():
    nowhere = engine_for("postgresql://nobody:none@127.0.0.1:1/none", name="test")
    now = clock_of(Database(service="identity", app=nowhere, worker=nowhere))
    assert abs(now() - utc_now()) < timedelta(minutes=1)
