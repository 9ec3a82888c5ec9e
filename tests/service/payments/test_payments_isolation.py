"""S54: nothing of one employer reaches another; the database itself is the second wall."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from tests.service.payments.payment_builders import CLINIC, NEIGHBOUR, issued


@pytest.fixture
def two_employers(portal):
    portal.record(issued("810001"), issued("810002", siret=NEIGHBOUR, transfer_reference="TP20200210-810001"))
    return portal


def test_s23_each_employer_sees_only_its_own(two_employers):
    assert two_employers.numbers(siret=CLINIC) == ["810001"]
    assert two_employers.numbers(siret=NEIGHBOUR) == ["810002"]
    assert two_employers.numbers(siret=CLINIC, text="810002") == []
    assert two_employers.list(siret=CLINIC).unfiltered_count == 1
    assert two_employers.one("810001").transfer_count == 1


def test_s54_a_query_that_forgets_the_employer_sees_only_the_transactions_own(two_employers, payments_db):
    with payments_db.transaction(siret=CLINIC) as connection:
        assert connection.execute(text("select payment_number from payments")).scalars().all() == ["810001"]


@pytest.mark.parametrize("siret", [None, ""])
def test_s54_without_an_employer_nothing_is_seen(two_employers, payments_db, siret):
    with payments_db.transaction(siret=siret) as connection:
        assert connection.execute(text("select count(*) from payments")).scalar_one() == 0


def test_s54_the_employer_does_not_outlive_its_transaction(two_employers, payments_db):
    with payments_db.transaction(siret=CLINIC) as connection:
        assert connection.execute(text("select count(*) from payments")).scalar_one() == 1
    with payments_db.transaction() as connection:
        assert connection.execute(text("select count(*) from payments")).scalar_one() == 0


def test_s54_a_write_that_forgets_the_employer_changes_only_the_transactions_own(two_employers, payments_db):
    with payments_db.transaction(siret=CLINIC) as connection:
        connection.execute(text("update payments set untick_reason = 'amount'"))
    assert two_employers.one("810001").untick_reason == "amount"
    assert two_employers.one("810002", siret=NEIGHBOUR).untick_reason is None


@pytest.mark.parametrize(
    "statement",
    [
        "update payments set amount = 1",
        "update payments set siret = '55210055400013'",
        "delete from payments",
        "insert into payments (payment_number) values ('x')",
    ],
)
def test_s54_requests_of_employers_cannot_state_payments(two_employers, payments_db, statement):
    with (
        pytest.raises(ProgrammingError, match="permission denied"),
        payments_db.transaction(siret=CLINIC) as connection,
    ):
        connection.execute(text(statement))
