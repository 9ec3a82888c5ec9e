"""S32: the tick."""

from datetime import timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from espace_contracts.errors import NotFound
from espace_contracts.types import Actor

from tests.service.payments.payment_builders import CAMILLE, CLINIC, NEIGHBOUR, NOW, cancelled, guide_payments, issued

LEA = Actor(account_id=UUID(int=2), name="Léa Roux")


def test_s32_a_tick_persists_with_who_and_when_and_is_shared(portal):
    portal.record(*guide_payments())
    assert portal.tick("803455", "806112") == ("803455", "806112")
    page = portal.list()
    ticked = {payment.payment_number: payment.tick for payment in page.payments if payment.tick}
    assert set(ticked) == {"803455", "806112"}
    assert (ticked["803455"].by, ticked["803455"].at) == ("Camille Petit", NOW)
    assert (page.totals.ticked_amount, page.totals.ticked_count) == (Decimal("6591.57"), 2)
    assert (page.totals.left_amount, page.totals.left_count) == (Decimal("23168.58"), 6)
    assert [month.left_count for month in page.months] == [1, 2, 3]


def test_s32_a_second_tick_changes_nothing_of_the_first(portal):
    portal.record(issued())
    portal.tick("900001")
    assert portal.tick("900001", actor=LEA, now=NOW + timedelta(hours=1)) == ()
    assert (portal.one().tick.by, portal.one().tick.at) == ("Camille Petit", NOW)
    assert [kind for kind, _ in portal.events()].count("PaymentTicked.v1") == 1


def test_s32_a_tick_can_be_removed_once(portal):
    portal.record(issued())
    portal.tick("900001")
    assert portal.untick("900001", "900001") == ("900001",)
    assert portal.untick("900001") == ()
    assert (portal.one().tick, portal.one().untick_reason) == (None, None)


def test_s32_each_change_is_told_of(portal):
    portal.record(issued("1"), issued("2"))
    portal.tick("2", "1")
    portal.untick("1")
    account = str(CAMILLE.account_id)
    told = [(kind, data) for kind, data in portal.events() if kind != "PaymentRecorded.v1"]
    assert [(kind, data["payment_number"], data["siret"]) for kind, data in told] == [
        ("PaymentTicked.v1", "2", CLINIC),
        ("PaymentTicked.v1", "1", CLINIC),
        ("PaymentUnticked.v1", "1", CLINIC),
    ]
    assert [data["account_id"] for _, data in told] == [account] * 3
    assert told[2][1]["reason"] == "removed"


@pytest.mark.parametrize("others", [["unknown"], ["neighbours"], ["cancelled"], ["awaited"]])
def test_s54_what_is_not_ones_own_or_not_current_is_not_found_and_nothing_changes(portal, others):
    portal.record(
        issued("mine"),
        issued("neighbours", siret=NEIGHBOUR),
        issued("cancelled"),
        cancelled("cancelled"),
        cancelled("awaited"),
    )
    for change in (portal.tick, portal.untick):
        with pytest.raises(NotFound):
            change("mine", *others)
    assert portal.one("mine").tick is None
    assert portal.one("neighbours", siret=NEIGHBOUR).tick is None


def test_s32_a_tick_of_a_payment_that_is_cancelled_later_is_in_no_total(portal):
    portal.record(issued())
    portal.tick("900001")
    portal.record(cancelled())
    totals = portal.list().totals
    assert (totals.count, totals.ticked_count, totals.ticked_amount, totals.left_count) == (0, 0, Decimal("0.00"), 0)
