"""Versions in any order, ticks that fall, cursors, ends of pages."""

import itertools
from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID

import pytest
from espace_contracts.errors import InvalidRequest
from espace_contracts.funder import PaymentCancelled, PaymentFacts, PaymentIssued
from hypothesis import given
from hypothesis import strategies as st

from services.payments import domain
from services.payments.domain import NOTHING, Known, TickMark, end_of_page, export_name, hear, let_tick_fall

SIRETS = ("73282932000074", "35600000000048")
TICK = TickMark(at=datetime(2020, 1, 1, tzinfo=UTC), account_id=UUID(int=1), name="Camille Petit")


def issued(version=1, **changes):
    stated = {
        "payment_number": "803455",
        "version": version,
        "siret": SIRETS[0],
        "dossier_number": "18RCDI4786",
        "beneficiary": {"last_name": "DUPUIS", "first_name": "Audrey"},
        "training_title": "INFIRMIER BLOC OPERATOIRE",
        "amount": "3826.63",
        "currency": "EUR",
        "paid_hours": "151.67",
        "periods": [{"start": "2019-09-01", "end": "2019-09-30"}],
        "paid_on": "2019-10-31",
        "transfer_reference": "TP20191031-803455",
    }
    return PaymentIssued.model_validate(stated | changes)


def cancelled(version=2, **changes):
    stated = {"payment_number": "803455", "version": version, "siret": SIRETS[0], "cancelled_on": "2019-12-02"}
    return PaymentCancelled.model_validate(stated | {"reason": "Virement rejeté"} | changes)


def after(statements):
    known = NOTHING
    for statement in statements:
        known, _ = hear(known, statement)
    return known


@st.composite
def histories(draw):
    """One message for each version, some of them cancellations, each with a content of its own."""
    versions = draw(st.lists(st.integers(1, 30), min_size=1, max_size=6, unique=True))
    return [
        cancelled(version, reason=f"motif {version}")
        if draw(st.booleans())
        else issued(version, amount=f"{version}.00", siret=SIRETS[version % 2])
        for version in versions
    ]


@given(st.data())
def test_any_order_and_any_repeats_of_the_messages_end_alike(data):
    history = data.draw(histories())
    one = data.draw(st.permutations(history))
    other = data.draw(st.permutations(history + data.draw(st.lists(st.sampled_from(history), max_size=5))))
    assert after(one) == after(other)


@given(histories())
def test_the_highest_facts_and_the_highest_message_decide(history):
    known = after(history)
    facts = [one for one in history if isinstance(one, PaymentFacts)]
    highest = max(history, key=lambda one: one.version)
    assert known.facts == max(facts, key=lambda one: one.version, default=None)
    assert known.version == highest.version
    if facts:
        assert known.state == ("current" if isinstance(highest, PaymentFacts) else "cancelled")
    else:
        assert known.state == "awaited"


def test_the_same_message_again_changes_nothing():
    known, outcome = hear(after([issued(1)]), issued(1))
    assert (known, outcome) == (after([issued(1)]), "unchanged")


def test_the_same_statement_by_event_and_by_rpc_is_the_same():
    facts = PaymentFacts.model_validate(issued(1).model_dump())
    assert hear(after([issued(1)]), facts)[1] == "unchanged"


def test_a_lower_version_changes_nothing():
    known, outcome = hear(after([issued(3)]), issued(2, amount="1.00"))
    assert (known.facts.amount, outcome) == (Decimal("3826.63"), "unchanged")


@pytest.mark.parametrize(
    "other", [issued(2, amount="1.00"), issued(2, siret=SIRETS[1]), issued(2, corrects="803102"), cancelled(2)]
)
def test_the_same_version_with_another_content_is_a_conflict(other):
    known, outcome = hear(after([issued(2)]), other)
    assert (known, outcome) == (after([issued(2)]), "conflict")


def test_a_cancellation_of_the_same_version_with_another_reason_is_a_conflict():
    assert hear(after([cancelled(2)]), cancelled(2, reason="autre"))[1] == "conflict"


def test_the_order_of_periods_is_no_difference():
    periods = [{"start": "2019-07-01", "end": "2019-07-31"}, {"start": "2019-08-01", "end": "2019-08-31"}]
    assert hear(after([issued(1, periods=periods)]), issued(1, periods=periods[::-1]))[1] == "unchanged"


def test_a_cancellation_below_the_known_facts_is_no_news():
    assert hear(after([issued(3)]), cancelled(2))[1] == "unchanged"


@pytest.mark.parametrize(
    ("correction", "reason"),
    [
        ({"amount": "3826.62"}, "amount"),
        ({"paid_on": "2019-11-04"}, "paid_on"),
        ({"amount": "1.00", "paid_on": "2019-11-04"}, "amount,paid_on"),
    ],
)
def test_s32_a_correction_of_amount_or_date_removes_the_tick_and_says_why(correction, reason):
    before = Known(facts=issued(1), tick=TICK, revision=4)
    settled = let_tick_fall(before, hear(before, issued(2, **correction))[0])
    assert (settled.tick, settled.untick_reason) == (None, reason)


def test_s32_a_correction_of_the_employer_removes_the_tick_and_tells_the_new_one_nothing():
    before = Known(facts=issued(1), tick=TICK, untick_reason=None)
    settled = let_tick_fall(before, hear(before, issued(2, siret=SIRETS[1], amount="1.00"))[0])
    assert (settled.tick, settled.untick_reason) == (None, None)


@pytest.mark.parametrize("correction", [{"training_title": "AUTRE"}, {"paid_hours": "1.00"}, {"dossier_number": "X"}])
def test_s32_any_other_correction_leaves_the_tick(correction):
    before = Known(facts=issued(1), tick=TICK)
    assert let_tick_fall(before, hear(before, issued(2, **correction))[0]).tick == TICK


@given(
    st.dates(date(1970, 1, 1), date(2200, 12, 31)),
    st.text(st.characters(exclude_categories=["C"]), min_size=1, max_size=40),
)
def test_s24_a_cursor_is_read_as_it_was_written_and_fits_the_contract(paid_on, dossier_number):
    cursor = domain.write_cursor(paid_on, dossier_number)
    assert domain.read_cursor(cursor) == (paid_on, dossier_number)
    assert len(cursor) <= 400


@pytest.mark.parametrize(
    "cursor",
    [
        "x",
        "é",
        "AAAA",
        "bnVsbA",  # null
        "WzEsIjIwMTktMTItMTEiLCJcdWQ4MDAiXQ",  # [1,"2019-12-11","\ud800"]
        "WzEsIjIwMTktMTItMTEiLCJcdTAwMDAiXQ",  # [1,"2019-12-11","\u0000"]
        "WzIsIjIwMTktMTItMTEiLCJ4Il0",  # [2,"2019-12-11","x"]
        "WzEsIjIwMTktMTMtMTEiLCJ4Il0",  # [1,"2019-13-11","x"]
        "WzEsNSwieCJd",  # [1,5,"x"]
        "WzEsIjIwMTktMTItMTEiLCIiXQ",  # [1,"2019-12-11",""]
        "[" * 400,
    ],
)
def test_s24_a_cursor_that_is_not_ours_is_refused(cursor):
    with pytest.raises(InvalidRequest) as refused:
        domain.read_cursor(cursor)
    assert refused.value.fields == ("cursor",)


@given(st.text(min_size=1, max_size=400))
def test_s24_any_text_as_cursor_is_read_or_refused(cursor):
    try:
        day, dossier_number = domain.read_cursor(cursor)
    except InvalidRequest:
        return
    assert isinstance(day, date)
    assert 0 < len(dossier_number.encode()) <= 160


@given(st.lists(st.integers(1, 5), min_size=0, max_size=12), st.integers(1, 8))
def test_s24_a_page_ends_between_two_rows_and_the_next_goes_on_there(sizes, limit):
    """*sizes*: how many payments each row (date and dossier) of the list holds."""
    rows = [(date(2019, 12, 1), f"{place:02}") for place in range(len(sizes))]
    keys = [row for row, size in zip(rows, sizes, strict=True) for _ in range(size)]
    start = 0
    while start < len(keys):
        fetched = keys[start : start + limit + 1]
        fetched += itertools.takewhile(fetched[-1].__eq__, keys[start + limit + 1 :])
        end = end_of_page(fetched, limit)
        page, rest = fetched[:end], keys[start + end :]
        assert page
        assert not rest or rest[0] != page[-1]
        assert len(page) <= limit or len(set(page)) == 1
        start += end


@pytest.mark.parametrize(
    ("legal_name", "file_name"),
    [
        ("Clinique des Tilleuls", "reglements-clinique-des-tilleuls-2019-12-31.xlsx"),
        ("SARL L'Œuvre & Fils (Évry)", "reglements-sarl-l-oeuvre-fils-evry-2019-12-31.xlsx"),
        ("../../etc/passwd", "reglements-etc-passwd-2019-12-31.xlsx"),
        ("上海", "reglements-2019-12-31.xlsx"),
    ],
)
def test_s33_the_file_is_named_after_employer_and_day(legal_name, file_name):
    assert export_name(legal_name, date(2019, 12, 31)) == file_name
