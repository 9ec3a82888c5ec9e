"""Amounts, dates and numbers as a French page writes them (S25 to S29, S55)."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from babel.dates import format_date
from babel.numbers import format_currency, format_decimal
from hypothesis import given
from hypothesis import strategies as st

from gateway import french


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        ("5529.88", "5\u202f529,88\u00a0€"),
        ("18121.01", "18\u202f121,01\u00a0€"),
        ("0", "0,00\u00a0€"),
        ("-102.30", "\u2212102,30\u00a0€"),
        ("1234567.8", "1\u202f234\u202f567,80\u00a0€"),
    ],
)
def test_s25_amounts_carry_no_break_spaces(amount: str, text: str) -> None:
    assert french.money(Decimal(amount)) == text


@given(st.decimals(Decimal("-9999999999.99"), Decimal("9999999999.99"), places=2))
def test_s55_amounts_and_hours_are_what_babel_writes(value: Decimal) -> None:
    signed = [format_currency(value, "EUR", locale="fr_FR"), format_decimal(value, "#,##0.00", locale="fr_FR")]
    assert [french.money(value), french.hours(value)] == [text.replace("-", "\u2212") for text in signed]


@given(st.integers(0, 10**9), st.dates())
def test_s55_counts_and_days_are_what_babel_writes(count: int, day: date) -> None:
    assert french.whole(count) == format_decimal(count, locale="fr_FR")
    assert french.short_day(day) == format_date(day, "d MMM", locale="fr_FR").replace(" ", "\u00a0")
    assert french.full_day(day) == format_date(day, "dd/MM/y", locale="fr_FR")


@pytest.mark.parametrize(
    ("day", "text"), [("2019-12-11", "11\u00a0déc."), ("2019-10-01", "1\u00a0oct."), ("2020-05-29", "29\u00a0mai")]
)
def test_s26_short_dates(day: str, text: str) -> None:
    assert french.short_day(date.fromisoformat(day)) == text


def test_s25_month_in_words() -> None:
    assert french.month_name("2019-12") == "décembre 2019"
    assert french.month_name("2020-02") == "février 2020"


def test_s29_hours_have_two_places_and_no_minutes() -> None:
    assert french.hours(Decimal("151.67")) == "151,67"
    assert french.hours(Decimal("140")) == "140,00"


def test_long_dates_know_the_first_of_a_month() -> None:
    assert french.long_day(date(2019, 9, 1)) == "1er\u00a0septembre\u00a02019"
    assert french.long_day(date(2019, 9, 21)) == "21\u00a0septembre\u00a02019"


def test_instants_are_shown_in_the_time_of_paris() -> None:
    assert french.moment(datetime(2019, 12, 31, 23, 30, tzinfo=UTC)) == "01/01/2020\u00a0à\u00a000:30"
    assert french.moment(datetime(2019, 7, 1, 8, 0, tzinfo=UTC)) == "01/07/2019\u00a0à\u00a010:00"


@pytest.mark.parametrize(
    "typed", ["11/12/2019", "11-12-19", "2019-12-11", " 11/12/2019 ", "11.12.2019", "11\u00a012 19"]
)
def test_s30_dates_are_accepted_as_people_type_them(typed: str) -> None:
    assert french.read_day(typed) == date(2019, 12, 11)


@pytest.mark.parametrize("typed", ["31/02/2019", "2019", "hier", "11/12", "12/31/2019", "11/12/201", "0/1/2019"])
def test_s30_what_is_no_date_is_refused(typed: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - whichever of its many messages
        french.read_day(typed)


def test_an_empty_date_is_no_date() -> None:
    assert french.read_day("  ") is None


@given(st.dates(min_value=date(1970, 1, 1), max_value=date(2069, 12, 31)))
def test_a_date_that_the_page_shows_can_be_typed_back(day: date) -> None:
    assert french.read_day(french.full_day(day)) == day
    assert french.read_day(f"{day:%d-%m-%y}") == day
    assert french.read_day(day.isoformat()) == day


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0\u00a0octet"),
        (7, "7\u00a0octets"),
        (93_184, "91\u00a0Ko"),
        (1_258_291, "1,2\u00a0Mo"),
        (20 * 1024**2, "20\u00a0Mo"),
    ],
)
def test_sizes(count: int, text: str) -> None:
    assert french.size(count) == text


def test_numbers_of_people_and_companies() -> None:
    assert french.siret("73282932000074") == "732\u00a0829\u00a0320\u00a000074"
    assert french.phone("+33 3 00 00 00 00") == "03\u00a000\u00a000\u00a000\u00a000"
    assert french.dialled("+33 3 00 00 00 00") == "+33300000000"


@given(st.dates(min_value=date(1971, 1, 1), max_value=date(2100, 1, 1)), st.integers(min_value=0, max_value=11))
def test_months_before_begin_on_their_first(day: date, count: int) -> None:
    first = french.months_before(day, count)
    assert first.day == 1
    assert (day.year - first.year) * 12 + day.month - first.month == count
    assert french.last_of_month(first).month == first.month
