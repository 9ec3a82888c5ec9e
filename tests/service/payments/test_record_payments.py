"""Intake: whatever comes, in whatever order, once."""

import itertools
import json
import threading
from collections import Counter
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event

from services.payments.usecases import recording
from tests.service.payments.payment_builders import CLINIC, NEIGHBOUR, NOW, cancelled, guide_payments, issued

NEW_NUMBER = itertools.count(700_000)  # an example must not meet the payments of the one before


def test_a_payment_is_recorded_and_told_of(portal):
    outcome = portal.record(issued("803455", corrects="803102"))
    assert (outcome.recorded, outcome.unchanged, outcome.conflicts) == (1, 0, [])
    payment = portal.one("803455")
    assert (payment.amount, payment.paid_hours, payment.corrects) == (Decimal("100.00"), Decimal("10.00"), "803102")
    ((kind, data),) = portal.events()
    assert kind == "PaymentRecorded.v1"
    assert (data["payment_number"], data["version"], data["state"], data["amount"]) == (
        "803455",
        1,
        "current",
        "100.00",
    )


def test_the_same_payment_again_changes_and_tells_nothing(portal):
    portal.record(issued())
    assert portal.record(issued()).unchanged == 1
    assert len(portal.events()) == 1


def test_a_batch_is_recorded_whole_with_one_event_a_payment(portal):
    outcome = portal.record(*guide_payments(), issued("900001"), issued("900001", version=2, amount="7.00"))
    assert outcome.recorded == 10
    told = Counter(data["payment_number"] for _, data in portal.events())
    assert told == Counter({payment.payment_number: 1 for payment in guide_payments()} | {"900001": 1})
    assert portal.one("900001").amount == Decimal("7.00")


def test_the_same_version_with_another_content_is_refused_and_changes_nothing(portal):
    portal.record(issued())
    assert portal.record(issued(amount="1.00"), issued("900002")).conflicts == [0]
    assert portal.one().amount == Decimal("100.00")
    assert portal.one("900002").amount == Decimal("100.00")


def test_a_cancellation_that_comes_first_is_kept_unseen_until_its_payment_comes(portal):
    portal.record(cancelled())
    before = portal.list()
    assert (before.payments, before.unfiltered_count, portal.events()) == ((), 0, [])
    portal.record(issued())
    payment = portal.one()
    assert (payment.state, payment.version, payment.cancellation_reason) == (
        "cancelled",
        2,
        "Virement rejeté par la banque",
    )
    assert [(kind, data["state"]) for kind, data in portal.events()] == [("PaymentRecorded.v1", "cancelled")]


def test_a_cancelled_payment_stays_visible_outside_the_totals(portal):
    portal.record(issued("900001"), issued("900002", amount="50.00"))
    portal.record(cancelled("900001"))
    page = portal.list()
    assert [payment.state for payment in page.payments] == ["cancelled", "current"]
    assert (page.totals.amount, page.totals.count, page.months[0].amount) == (Decimal("50.00"), 1, Decimal("50.00"))


def test_a_cancellation_that_a_correction_has_overtaken_is_told_to_nobody(portal):
    portal.record(issued(version=3))
    assert portal.record(cancelled(version=2)).unchanged == 1
    assert portal.one().state == "current"
    assert len(portal.events()) == 1


def test_a_higher_version_brings_a_cancelled_payment_back(portal):
    portal.record(issued(), cancelled(), issued(version=3))
    payment = portal.one()
    assert (payment.state, payment.cancelled_on, payment.cancellation_reason) == ("current", None, None)


def test_s54_a_payment_moves_to_another_employer_with_a_higher_version(portal):
    portal.record(issued())
    portal.tick("900001")
    portal.record(issued(version=2, siret=NEIGHBOUR))
    assert portal.list().unfiltered_count == 0
    moved = portal.one(siret=NEIGHBOUR)
    assert (moved.tick, moved.untick_reason) == (None, None)
    unticked = [data for kind, data in portal.events() if kind == "PaymentUnticked.v1"]
    assert unticked == [{"siret": CLINIC, "payment_number": "900001", "reason": "corrected"}]


@pytest.mark.parametrize(
    ("correction", "reason"), [({"amount": "99.00"}, "amount"), ({"paid_on": "2020-02-11"}, "paid_on")]
)
def test_s32_a_correction_removes_the_tick_says_why_and_tells_of_it(portal, correction, reason):
    portal.record(issued())
    portal.tick("900001")
    portal.record(issued(version=2, **correction))
    payment = portal.one()
    assert (payment.tick, payment.untick_reason) == (None, reason)
    assert [kind for kind, _ in portal.events()][-2:] == ["PaymentRecorded.v1", "PaymentUnticked.v1"]
    portal.tick("900001")
    assert portal.one().untick_reason is None


def test_s32_another_correction_leaves_the_tick_with_who_and_when(portal):
    portal.record(issued())
    portal.tick("900001")
    ticked = portal.one().tick
    portal.record(issued(version=2, training_title="AUTRE"))
    assert portal.one().tick == ticked


def test_the_rpc_records_the_valid_ones_and_lists_the_others(portal):
    good = issued("900001").model_dump(mode="json")
    answer = portal.rpc_record(
        [
            good,
            good | {"payment_number": "900002", "amount": "abc"},
            good | {"payment_number": "900003", "amount": 12.5, "siret": "73282932000075"},
            {},
            good | {"payment_number": "900004", "periods": [{"start": "2020-01-31", "end": "2020-01-01"}]},
            good | {"payment_number": "900005", "amount": "1000000000000000"},
            good | {"amount": "1.00"},
            good,
        ]
    )
    assert (answer.recorded, answer.unchanged) == (1, 1)
    assert [(one.index, one.reason) for one in answer.rejected] == [
        (1, "invalid"),
        (2, "invalid"),
        (3, "invalid"),
        (4, "invalid"),
        (5, "invalid"),
        (6, "version_conflict"),
    ]
    assert answer.rejected[0].fields == ("amount",)
    assert set(answer.rejected[1].fields) == {"amount", "siret"}
    assert portal.numbers() == ["900001"]


def test_a_thousand_payments_go_in_by_one_call(portal):
    payments = [issued(f"{number}").model_dump(mode="json") for number in range(1000)]
    assert portal.rpc_record(payments).recorded == 1000
    assert portal.list().unfiltered_count == 1000


def test_two_writers_of_the_same_new_payment_end_with_the_highest_version(payments_db, portal):
    """One inserts and waits before its commit; the other must see it and merge again, not overwrite or fail."""
    inserted, outcomes = threading.Event(), []

    def late_writer():
        inserted.wait(5)
        outcomes.append(portal.record(issued(version=1, amount="1.00"), cancelled("900001", version=3)))

    writer = threading.Thread(target=late_writer)
    writer.start()
    with payments_db.work() as connection:
        recording.record(connection, [issued(version=2, amount="2.00")], now=NOW)
        inserted.set()
        writer.join(0.5)
        assert not outcomes
    writer.join(5)
    assert (outcomes[0].recorded, outcomes[0].unchanged) == (1, 1)
    payment = portal.one()
    assert (payment.amount, payment.state, payment.version) == (Decimal("2.00"), "cancelled", 3)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_any_order_and_any_batches_of_the_messages_end_alike_in_the_database(portal, data):
    numbers = [f"{next(NEW_NUMBER)}" for _ in range(2)]
    history = []
    for number in numbers:
        for version in data.draw(st.lists(st.integers(1, 9), min_size=1, max_size=4, unique=True)):
            cancels = data.draw(st.booleans())
            history.append(
                cancelled(number, version=version, reason=f"motif {version}")
                if cancels
                else issued(number, version=version, amount=f"{version}.00")
            )
    shuffled = data.draw(st.permutations(history + data.draw(st.lists(st.sampled_from(history), max_size=3))))
    while shuffled:
        size = data.draw(st.integers(1, len(shuffled)))
        assert portal.record(*shuffled[:size]).conflicts == []
        shuffled = shuffled[size:]
    shown = {payment.payment_number: payment for payment in portal.list(limit=500).payments}
    for number in numbers:
        own = [one for one in history if one.payment_number == number]
        facts = [one for one in own if hasattr(one, "amount")]
        if not facts:
            assert number not in shown
            continue
        assert shown[number].version == max(one.version for one in own)
        assert shown[number].amount == max(facts, key=lambda one: one.version).amount
        last = max(own, key=lambda one: one.version)
        assert shown[number].state == ("current" if hasattr(last, "amount") else "cancelled")


def test_r17_many_payments_are_written_by_hundreds_so_that_calls_have_their_turn(portal):
    rows = []
    with portal.database.work() as connection:
        event.listen(connection, "before_cursor_execute", lambda *told: rows.append(_rows_of(told[2], told[3])))
        outcome = recording.record(connection, [issued(f"{number}") for number in range(810_000, 810_250)], now=NOW)
    assert outcome.recorded == 250
    assert [count for count in rows if count] == [100, 100, 50]


def _rows_of(statement, values):
    """How many payments *statement* writes."""
    return len(json.loads(values["rows"])) if statement.strip().startswith("insert into payments") else 0


def test_hostile_texts_are_kept_as_they_are(portal):
    title = '=HYPERLINK("http://x") 😀 \'; DROP TABLE payments; --'
    portal.record(issued(training_title=title), cancelled("900001", reason="a\x00b"))
    payment = portal.one()
    assert (payment.training_title, payment.cancellation_reason) == (title, "ab")


def test_what_is_only_checked_is_answered_alike_and_leaves_nothing(portal):
    portal.record(issued("1"))
    stated = [one.model_dump(mode="json", exclude_none=True) for one in (issued("1"), issued("2"))]
    stated += [stated[0] | {"amount": "9.00"}, {}]
    checked = portal.rpc_record(stated, check_only=True)
    assert (checked.recorded, checked.unchanged, [one.index for one in checked.rejected]) == (1, 1, [2, 3])
    assert portal.numbers() == ["1"]
    assert len(portal.events()) == 1
    assert portal.rpc_record(stated) == checked
    assert portal.numbers() == ["1", "2"]
