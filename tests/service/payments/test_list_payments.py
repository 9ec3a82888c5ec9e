"""The tab Règlements: order, totals, pages, search."""

from datetime import date
from decimal import Decimal

import pytest
from espace_contracts import payments as api
from espace_contracts.errors import InvalidRequest

from services.payments.store import lists as store
from services.payments.usecases import lists
from tests.service.payments.payment_builders import CLINIC, NEIGHBOUR, cancelled, guide_payments, issued

GUIDE_MONTHS = [("2019-12", "5529.88", 2), ("2019-11", "6109.26", 2), ("2019-10", "18121.01", 4)]
GUIDE_ORDER = ["806112", "806113", "804871", "804872", "803455", "803102", "803103", "803090"]


@pytest.fixture
def guide(portal):
    portal.record(*guide_payments())
    return portal


def months(page):
    return [(month.month, str(month.amount), month.count) for month in page.months]


def pages(portal, limit, **criteria):
    cursor = None
    while True:
        page = portal.list(limit=limit, cursor=cursor, **criteria)
        yield page
        cursor = page.next_cursor
        if cursor is None:
            return


def test_s24_s25_the_guides_screen_to_the_cent(guide):
    page = guide.list()
    assert [payment.payment_number for payment in page.payments] == GUIDE_ORDER
    assert months(page) == GUIDE_MONTHS
    assert page.totals.amount == Decimal("29760.15")
    assert (page.totals.count, page.totals.left_count, page.unfiltered_count) == (8, 8, 8)
    assert page.next_cursor is None


def test_s27_a_payment_shows_what_the_guide_says(guide):
    payment = guide.one("803455")
    assert (payment.beneficiary.last_name, payment.beneficiary.first_name) == ("DUPUIS", "Audrey")
    assert (payment.training_title, payment.paid_hours) == ("INFIRMIER BLOC OPERATOIRE", Decimal("151.67"))
    assert [(period.start, period.end) for period in payment.periods] == [(date(2019, 9, 1), date(2019, 9, 30))]


def test_s28_a_payment_of_several_periods_shows_them_oldest_first(portal):
    later, earlier = {"start": "2019-08-01", "end": "2019-08-31"}, {"start": "2019-07-01", "end": "2019-07-31"}
    portal.record(issued(periods=[later, earlier]))
    assert [period.start for period in portal.one().periods] == [date(2019, 7, 1), date(2019, 8, 1)]


def test_s24_dossiers_of_a_date_ascend_and_payments_of_a_row_by_number(portal):
    for number, dossier in (("3", "B"), ("2", "A"), ("1", "a"), ("4", "A"), ("5", "Z")):
        portal.record(issued(number, dossier_number=dossier))
    assert portal.numbers() == ["2", "4", "3", "5", "1"]


@pytest.mark.parametrize("limit", [1, 2, 3, 5, 8, 9])
def test_s24_pages_follow_each_other_without_gap_or_repeat(guide, limit):
    shown = [payment.payment_number for page in pages(guide, limit) for payment in page.payments]
    assert shown == GUIDE_ORDER


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 6])
def test_s26_a_page_never_ends_within_a_row(portal, limit):
    for place in range(8):
        portal.record(issued(f"{place}", dossier_number=f"D{place // 3}"))
    shown = list(pages(portal, limit))
    assert [payment.payment_number for page in shown for payment in page.payments] == [f"{place}" for place in range(8)]
    rows = [{payment.dossier_number for payment in page.payments} for page in shown]
    assert all(rows)
    assert sum(len(row) for row in rows) == 3, "each dossier is on one page only"


def test_s25_a_months_total_is_the_whole_months_on_every_page(guide):
    by_page = [months(page) for page in pages(guide, 1)]
    october = [month for page in by_page for month in page if month[0] == "2019-10"]
    assert october == [GUIDE_MONTHS[2]] * 4
    assert [page.totals.amount for page in pages(guide, 1)] == [Decimal("29760.15")] * 8


@pytest.mark.parametrize(
    ("criteria", "expected"),
    [
        ({"paid_from": "2019-11-21"}, GUIDE_ORDER[:4]),
        ({"paid_from": "2019-11-22"}, GUIDE_ORDER[:2]),
        ({"paid_to": "2019-10-14"}, ["803090"]),
        ({"paid_from": "2019-10-21", "paid_to": "2019-10-31"}, ["803455", "803102", "803103"]),
        ({"worked_from": "2019-08-31", "worked_to": "2019-09-01"}, ["803455", "803090"]),
        ({"worked_from": "2019-11-30"}, ["806112", "806113"]),
        ({"worked_to": "2019-07-01"}, ["803090"]),
        ({"text": "19GE00565"}, ["806112", "804871", "803102"]),
        ({"text": "19ge 005"}, ["806112", "804871", "803102"]),
        ({"text": "18rcdi"}, ["803455", "803090"]),
        ({"text": "803455"}, ["803455"]),
        ({"text": "n°803455"}, ["803455"]),
        ({"text": "N° 803455"}, ["803455"]),
        ({"text": "80345"}, []),
        ({"text": "TP20191031-803455"}, ["803455"]),
        ({"text": "tp201911"}, ["804871", "804872"]),
        ({"text": "2 764,94"}, ["806112", "806113"]),
        ({"text": "2764.94"}, ["806112", "806113"]),
        ({"text": "theo nguyen"}, ["806113", "804872", "803103"]),
        ({"text": "Nguyen T"}, ["806113", "804872", "803103"]),
        ({"text": "DUPUIS"}, ["803455", "803090"]),
        ({"text": "upuis"}, []),
        ({"text": "  "}, GUIDE_ORDER),
        ({"text": "19GE00565", "paid_from": "2019-11-01", "paid_to": "2019-11-30"}, ["804871"]),
        ({"text": "audrey", "worked_from": "2019-09-01", "worked_to": "2019-09-30"}, ["803455", "803102"]),
    ],
)
def test_s30_criteria_find_and_combine(guide, criteria, expected):
    page = guide.list(**criteria)
    assert [payment.payment_number for payment in page.payments] == expected
    assert page.totals.count == len(expected)
    assert page.totals.amount == sum(payment.amount for payment in page.payments)
    assert page.unfiltered_count == 8


def test_s30_names_are_found_without_accents_and_by_each_part(portal):
    portal.record(issued("1"), issued("2", beneficiary={"last_name": "D'ALMEIDA", "first_name": "Anaïs"}))
    for text in ("leveque", "LÉVÊQUE zoe", "zoé martin", "martin-lévêque"):
        assert portal.numbers(text=text) == ["1"]
    for text in ("d'almeida", "almeida", "anais d almeida"):
        assert portal.numbers(text=text) == ["2"]


def test_s30_a_day_between_two_periods_is_not_worked(portal):
    apart = [{"start": "2020-01-01", "end": "2020-01-10"}, {"start": "2020-01-20", "end": "2020-01-31"}]
    portal.record(issued(periods=apart))
    assert portal.numbers(worked_from="2020-01-12", worked_to="2020-01-18") == []
    assert portal.numbers(worked_from="2020-01-12", worked_to="2020-01-20") == ["900001"]


def test_s30_a_repayment_is_found_by_its_amount(portal):
    portal.record(issued(amount="-102.30", paid_hours="-5.00", corrects="803102"), issued("2", amount="102.30"))
    assert set(portal.numbers(text="102,30")) == {"900001", "2"}
    assert portal.numbers(text="-102,30 €") == ["900001"]


@pytest.mark.parametrize(
    "text",
    [
        "%",
        "_",
        "19%",
        "19GE_0565",
        "\\",
        "' OR 1=1 --",
        "'; DROP TABLE payments; --",
        "\x00",
        "😀",
        "\U0010ffff",
        "%' ",
    ],
)
def test_s30_wildcards_and_sql_find_nothing_and_harm_nothing(guide, text):
    assert guide.numbers(text=text) == ([] if text.strip("\x00") else GUIDE_ORDER)
    assert guide.list().unfiltered_count == 8


def test_s30_a_wildcard_in_a_number_is_that_character(portal):
    portal.record(issued("1", dossier_number="50%_A"), issued("2", dossier_number="50XYA"))
    assert portal.numbers(text="50%") == ["1"]
    assert portal.numbers(text="50%_a") == ["1"]


def test_s30_ticked_and_to_tick(guide):
    guide.record(cancelled("804872"))
    guide.tick("806112", "803090")
    assert guide.numbers(ticked=True) == ["806112", "803090"]
    to_tick = guide.list(ticked=False)
    assert [payment.payment_number for payment in to_tick.payments] == [
        "806113",
        "804871",
        "803455",
        "803102",
        "803103",
    ]
    assert (to_tick.totals.left_count, to_tick.totals.ticked_count) == (5, 0)


def test_s30_payments_of_one_transfer_show_their_common_sum_whatever_the_search(portal):
    portal.record(
        issued("1", transfer_reference="VIR 1", amount="10.00"),
        issued("2", transfer_reference="VIR 1", amount="20.50"),
        issued("3", transfer_reference="VIR 1", amount="99.00"),
        issued("4", transfer_reference="VIR 2", amount="1.00"),
        issued("5", transfer_reference="VIR 1", amount="1000.00", siret=NEIGHBOUR),
        cancelled("3"),
    )
    found = {one.payment_number: one for one in portal.list(text="1").payments}
    assert (found["1"].transfer_amount, found["1"].transfer_count) == (Decimal("30.50"), 2)
    assert (portal.one("4").transfer_amount, portal.one("4").transfer_count) == (Decimal("1.00"), 1)


def test_s30_a_period_that_ends_before_it_starts_is_refused(portal):
    with pytest.raises(InvalidRequest) as refused:
        portal.list(paid_from="2019-12-02", paid_to="2019-12-01")
    assert refused.value.fields == ("search.paid_to",)


def test_s24_a_bad_cursor_is_refused(portal):
    with pytest.raises(InvalidRequest) as refused:
        portal.list(cursor="bm90IG91cnM")
    assert refused.value.fields == ("cursor",)


def test_s23_an_employer_without_payments_has_an_empty_page(portal):
    page = portal.list()
    assert (page.payments, page.months, page.unfiltered_count, page.next_cursor) == ((), (), 0, None)
    assert page.totals.amount == Decimal("0.00")


def test_s32_totals_and_rows_are_of_one_moment(payments_db, portal):
    """A payment that arrives between the two queries is in neither."""
    portal.record(issued("1"))
    original = store.page

    def page_after_an_arrival(*args, **kwargs):
        portal.record(issued("2", amount="5.00"))
        return original(*args, **kwargs)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(store, "page", page_after_an_arrival)
        with payments_db.transaction(siret=CLINIC, snapshot=True) as connection:
            page = lists.list_payments(connection, api.ListPayments(siret=CLINIC))
    assert [payment.payment_number for payment in page.payments] == ["1"]
    assert (page.totals.count, page.unfiltered_count) == (1, 1)
    assert portal.list().totals.count == 2
