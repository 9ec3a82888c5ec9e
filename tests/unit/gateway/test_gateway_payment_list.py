"""Grouping of the list: months, dates, dossiers, sums (S24 to S28)."""

import random
from decimal import Decimal

from espace_contracts.payments import ListPayments, Payment, PaymentsPage
from fake_bus import AUDREY, DUPUIS, GUIDE, THEO, FakeBus, payment, span

from gateway.payment_list import months_of, rows_of, sentence


def page_of(*payments: Payment) -> PaymentsPage:
    """The page that the service would answer."""
    bus = FakeBus()
    bus.payments = payments
    return bus.list_payments(ListPayments(siret="73282932000074"))


def test_s24_months_and_dates_newest_first_dossiers_ascending_whatever_came_first() -> None:
    shuffled = list(GUIDE)
    random.Random(7).shuffle(shuffled)  # noqa: S311 - only another order
    months = months_of(page_of(*shuffled))
    assert [month.key for month in months] == ["2019-12", "2019-11", "2019-10"]
    assert [(row.day.day, row.dossier_number) for row in months[2].rows] == [
        (31, "18RCDI4786"),
        (21, "19GE00565"),
        (21, "19XX00565"),
        (14, "18RCDI4786"),
    ]


def test_s25_month_totals_are_the_services_not_the_pages() -> None:
    page = page_of(*GUIDE)
    half = page.model_copy(update={"payments": page.payments[:1]})
    assert months_of(half)[0].totals.amount == Decimal("5529.88")


def test_s26_several_payments_of_one_date_and_dossier_sum_up_in_the_row() -> None:
    row, *others = rows_of(
        (
            payment("1", "2019-10-14", "18RCDI4786", DUPUIS, "4330.68"),
            payment("2", "2019-10-14", "18RCDI4786", DUPUIS, "4330.68"),
        )
    )
    assert not others
    assert row.amount == Decimal("8661.36")
    assert [one.payment_number for one in row.payments] == ["1", "2"]


def test_a_cancelled_payment_stays_in_its_row_outside_the_sum() -> None:
    gone = payment("3", "2019-10-14", "19GE00565", AUDREY, "100.00", state="cancelled")
    kept = payment("4", "2019-10-14", "19GE00565", AUDREY, "40.00")
    (row,) = rows_of((gone, kept))
    assert row.amount == Decimal("40.00")
    assert not row.is_void
    (alone,) = rows_of((gone,))
    assert alone.is_void
    assert alone.amount == Decimal("100.00")


def test_a_row_names_each_beneficiary_once() -> None:
    (row,) = rows_of(
        tuple(
            payment(str(number), "2019-10-14", "19GE00565", who, "1.00")
            for number, who in enumerate((AUDREY, THEO, AUDREY))
        )
    )
    assert row.names == ["MARTIN Audrey", "NGUYEN Théo"]


def test_s30_a_shared_transfer_shows_the_line_of_the_bank_statement() -> None:
    shared = {"transfer_reference": "TP1", "transfer_amount": Decimal("6109.26"), "transfer_count": 2}
    row, _other = rows_of(
        (
            payment("1", "2019-11-21", "19GE00565", AUDREY, "3054.63", **shared),
            payment("2", "2019-11-21", "19XX00565", THEO, "3054.63", **shared),
        )
    )
    assert row.transfer_amount == Decimal("6109.26")
    (alone,) = rows_of((payment("3", "2019-11-21", "19GE00565", AUDREY, "3054.63"),))
    assert alone.transfer_amount is None


def test_s27_the_guides_sentence() -> None:
    said = " - ".join(sentence(GUIDE[4])).replace("\u00a0", " ")
    assert said == "Règlement n°803455 - 151,67 heures payées - Période du 01/09/2019 au 30/09/2019"


def test_s28_a_payment_with_several_periods() -> None:
    two = payment(
        "1", "2019-10-14", "18RCDI4786", DUPUIS, "1.00",
        periods=(span("2019-07-01", "2019-07-31"), span("2019-08-01", "2019-08-31")),
    )  # fmt: skip
    said = sentence(two)[-1].replace("\u00a0", " ")
    assert said == "Périodes du 01/07/2019 au 31/07/2019 et du 01/08/2019 au 31/08/2019"
