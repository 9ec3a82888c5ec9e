"""S32: « Tout pointer » for a search, and taking it back."""

from datetime import timedelta

import pytest
from espace_contracts import payments as api
from espace_contracts.errors import InvalidRequest
from espace_contracts.types import Actor
from pydantic import ValidationError
from sqlalchemy import text

from tests.service.payments.payment_builders import (
    CAMILLE,
    CLINIC,
    NEIGHBOUR,
    NOW,
    cancelled,
    guide_payments,
    issued,
)

LEA = Actor(account_id="00000000-0000-0000-0000-000000000002", name="Léa Roux")


def ticked(portal, **criteria):
    return sorted(payment.payment_number for payment in portal.list(**criteria).payments if payment.tick)


def test_s32_all_of_a_search_is_ticked_at_once_and_nothing_else(portal):
    portal.record(*guide_payments())
    answer = portal.tick_all(text="18RCDI")
    assert sorted(answer.changed) == ["803090", "803455"]
    assert answer.left == 0
    assert ticked(portal) == ["803090", "803455"]
    assert portal.one("803455").tick.by == "Camille Petit"


def test_s32_a_month_is_a_search(portal):
    portal.record(*guide_payments())
    portal.tick_all(paid_from="2019-11-01", paid_to="2019-11-30")
    assert ticked(portal) == ["804871", "804872"]


def test_s32_all_ticks_pass_over_what_is_ticked_cancelled_or_another_employers(portal):
    portal.record(issued("1"), issued("2"), issued("3"), cancelled("3"), issued("4", siret=NEIGHBOUR), issued("5"))
    portal.tick("1", actor=LEA)
    answer = portal.tick_all()
    assert sorted(answer.changed) == ["2", "5"]
    assert portal.one("1").tick.by == "Léa Roux"
    assert portal.one("3").tick is None
    assert portal.one("4", siret=NEIGHBOUR).tick is None


def test_s32_undo_takes_back_those_of_the_batch_and_only_those(portal):
    portal.record(*(issued(number) for number in "12345"))
    portal.tick("1")
    answer = portal.tick_all()
    portal.untick("2")
    portal.untick("3")
    portal.tick("3", actor=LEA, now=NOW + timedelta(minutes=1))
    assert sorted(portal.undo(answer.batch)) == ["4", "5"]
    assert ticked(portal) == ["1", "3"]
    assert portal.undo(answer.batch) == ()


def test_s54_a_batch_of_another_employer_is_out_of_reach(portal):
    portal.record(issued("1"), issued("2"))
    answer = portal.tick_all()
    assert portal.undo(answer.batch, siret=NEIGHBOUR) == ()
    assert ticked(portal) == ["1", "2"]


def test_s32_one_event_a_payment(portal):
    portal.record(*(issued(number) for number in "123"))
    answer = portal.tick_all()
    portal.undo(answer.batch)
    told = [(kind, data["payment_number"]) for kind, data in portal.events() if kind != "PaymentRecorded.v1"]
    assert sorted(told) == [(kind, number) for kind in ("PaymentTicked.v1", "PaymentUnticked.v1") for number in "123"]


def test_s32_the_work_of_one_call_is_bounded_and_the_rest_is_counted(portal, monkeypatch):
    monkeypatch.setattr(api, "MOST_TICKED", 3)
    portal.record(*(issued(f"{n}", paid_on=f"2020-02-{n}") for n in range(10, 15)))
    answer = portal.tick_all()
    assert (sorted(answer.changed), answer.left) == (["12", "13", "14"], 2), "the newest first"
    answer = portal.tick_all()
    assert (sorted(answer.changed), answer.left) == (["10", "11"], 0)


def test_s32_a_correction_of_a_ticked_batch_takes_the_payment_out_of_it(portal):
    portal.record(issued("1"), issued("2"))
    answer = portal.tick_all()
    portal.record(issued("1", version=2, amount="99.00"))
    portal.record(issued("2", version=2, training_title="AUTRE"))
    assert portal.undo(answer.batch) == ("2",), "an untouched tick stays in its batch"
    assert portal.one("1").untick_reason == "amount"


def test_s32_one_payment_alone_is_undone_by_its_number(portal):
    portal.record(issued("1"))
    assert portal.tick_all().batch is None


LATER = NOW + timedelta(minutes=5)


def test_s32_what_comes_after_the_list_was_drawn_is_not_ticked_and_is_counted(portal):
    portal.record(issued("1"), issued("2"), issued("3"))
    seen = portal.list().seen_until
    portal.record(issued("4"), issued("2", version=2, amount="9.00"), now=LATER)
    answer = portal.tick_all(seen_until=seen)
    assert (sorted(answer.changed), answer.newer, answer.left) == (["1", "3"], 2, 0)
    answer = portal.tick_all(seen_until=portal.list().seen_until)
    assert (sorted(answer.changed), answer.newer) == (["2", "4"], 0)


def test_s32_ticks_and_what_took_them_back_do_not_make_a_payment_new(portal):
    portal.record(issued("1"), issued("2"))
    seen = portal.list().seen_until
    portal.tick("1", now=LATER)
    portal.untick("1", now=LATER)
    assert portal.list().seen_until == seen
    assert sorted(portal.tick_all(seen_until=seen).changed) == ["1", "2"]


def test_s32_payments_from_before_the_instant_was_kept_were_seen_when_they_were_recorded(portal):
    portal.record(issued("1"))
    with portal.database.work() as connection:
        connection.execute(text("update payments set stated_at = null"))
    seen = portal.list().seen_until
    assert seen == NOW
    assert portal.tick_all(seen_until=seen - timedelta(seconds=1)).changed == ()
    assert portal.tick_all(seen_until=seen).changed == ("1",)


def test_s30_a_search_that_is_none_ticks_nothing(portal):
    portal.record(issued("1"))
    with pytest.raises(InvalidRequest):
        portal.tick_all(paid_from="2020-02-02", paid_to="2020-02-01")
    assert ticked(portal) == []


@pytest.mark.parametrize("given", [{}, {"payment_numbers": ["1"], "search": {}}])
def test_either_numbers_or_a_search_are_named(given):
    with pytest.raises(ValidationError):
        api.TickPayments.model_validate({"siret": CLINIC, "actor": CAMILLE, **given})
