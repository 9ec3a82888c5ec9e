"""Summer time, leap days and midnight in Paris change no shown time and no month's bounds (R19)."""

from datetime import UTC, date, datetime

import pytest

from gateway import french


@pytest.mark.parametrize(
    ("instant", "shown"),
    [
        (datetime(2024, 3, 31, 0, 59, tzinfo=UTC), "2024-03-31 01:59"),
        (datetime(2024, 3, 31, 1, 0, tzinfo=UTC), "2024-03-31 03:00"),
        (datetime(2024, 10, 27, 0, 30, tzinfo=UTC), "2024-10-27 02:30"),
        (datetime(2024, 10, 27, 1, 30, tzinfo=UTC), "2024-10-27 02:30"),
        (datetime(2024, 2, 28, 23, 30, tzinfo=UTC), "2024-02-29 00:30"),
        (datetime(2023, 12, 31, 23, 30, tzinfo=UTC), "2024-01-01 00:30"),
        (datetime(2024, 6, 30, 22, 30, tzinfo=UTC), "2024-07-01 00:30"),
    ],
)
def test_r19_instants_are_shown_as_clocks_in_paris_show_them(instant: datetime, shown: str) -> None:
    assert f"{french.local(instant):%Y-%m-%d %H:%M}" == shown


@pytest.mark.parametrize(
    ("day", "last"),
    [
        (date(2024, 2, 1), date(2024, 2, 29)),
        (date(2023, 2, 28), date(2023, 2, 28)),
        (date(2100, 2, 1), date(2100, 2, 28)),
        (date(2024, 12, 31), date(2024, 12, 31)),
    ],
)
def test_r19_months_end_where_the_calendar_says(day: date, last: date) -> None:
    assert french.last_of_month(day) == last


def test_r19_months_before_a_leap_day_begin_on_their_first() -> None:
    assert french.months_before(date(2024, 2, 29), 12) == date(2023, 2, 1)
    assert french.months_before(date(2024, 1, 31), 1) == date(2023, 12, 1)
