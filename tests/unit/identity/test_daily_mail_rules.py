"""When the daily mail on payments leaves, and what it tells of: the clock of Paris, summer time, seven days."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.identity import domain

SIX = time(18)
START = datetime(2019, 1, 1, tzinfo=UTC)
INSTANTS = st.timedeltas(timedelta(0), timedelta(days=730)).map(lambda since: START + since)


def utc(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        ("2019-12-11T16:59:59", "2019-12-11T17:00:00"),
        ("2019-12-11T17:00:00", "2019-12-12T17:00:00"),
        ("2019-10-26T17:00:00", "2019-10-27T17:00:00"),  # the night between has 25 hours
        ("2020-03-28T18:00:00", "2020-03-29T16:00:00"),  # and this one 23
        ("2019-12-31T23:30:00", "2020-01-01T17:00:00"),
    ],
)
def test_the_mail_leaves_at_six_by_the_clock_of_paris(after, expected):
    assert domain.next_daily(utc(after), SIX) == utc(expected)
    assert domain.last_daily(utc(expected), SIX) == utc(expected)


@given(INSTANTS, st.times())
def test_a_turn_ends_where_the_next_one_begins(instant, at):
    at = at.replace(tzinfo=None)
    before, after = domain.last_daily(instant, at), domain.next_daily(instant, at)
    assert before <= instant < after
    assert timedelta(hours=22) < after - before < timedelta(hours=26)
    assert domain.next_daily(before, at) == after


@pytest.mark.parametrize(
    ("paid_on", "expected"),
    [
        (date(2019, 12, 11), "2019-12-11T17:00:00"),
        (date(2019, 12, 4), "2019-12-11T17:00:00"),
        (date(2019, 12, 3), None),
        (date(2019, 12, 16), "2019-12-16T17:00:00"),  # it is not there before its date
    ],
)
def test_only_payments_of_the_last_seven_days_are_told_of(paid_on, expected):
    told = domain.told_at(paid_on, utc("2019-12-11T09:00:00"), SIX)
    assert told == (utc(expected) if expected else None)


def test_what_comes_after_six_is_judged_by_the_next_days_mail():
    assert domain.told_at(date(2019, 12, 4), utc("2019-12-11T17:00:01"), SIX) is None
