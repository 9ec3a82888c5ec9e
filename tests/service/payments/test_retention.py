"""K38: payments go, with their ticks, once the years are over for which accounts are kept; nothing goes before."""

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from services.payments import retention
from services.payments.retention import BETWEEN, PAUSE, Retention
from tests.service.payments.payment_builders import CLINIC, NEIGHBOUR, cancelled, issued

LAST_DAY = datetime(2020, 12, 31, 22, 59, tzinfo=UTC)  # in Paris too
NEW_YEAR = datetime(2020, 12, 31, 23, 1, tzinfo=UTC)  # in Paris


@pytest.fixture
def retain(portal):
    """Runs a round of the loop at an instant; the pause after it."""

    def running(now, years=10):
        loop = Retention()
        loop.shared_database = SimpleNamespace(database=portal.database)
        loop.clock = lambda: now
        loop.use(SimpleNamespace(keep_years=years))
        return loop.run_once()

    return running


def kept(portal):
    with portal.database.work() as connection:
        return set(connection.execute(text("select payment_number from payments")).scalars())


def purged(portal):
    return [data for kind, data in portal.events() if kind == "PaymentsPurged.v1"]


def test_k38_a_payment_is_kept_for_ten_full_years_after_its_own(portal, retain):
    portal.record(issued("1", paid_on="2010-12-31"), issued("2", paid_on="2011-01-01"))
    portal.record(issued("3", paid_on="2009-12-31"))
    portal.tick("1")
    retain(LAST_DAY)
    assert kept(portal) == {"1", "2"}
    assert retain(NEW_YEAR) == PAUSE
    assert kept(portal) == {"2"}


def test_k38_years_are_a_setting(portal, retain):
    portal.record(issued("1", paid_on="2015-05-01"), issued("2", paid_on="2016-05-01"))
    retain(LAST_DAY, years=4)
    assert kept(portal) == {"2"}


def test_k38_a_cancelled_payment_goes_when_both_days_are_over(portal, retain):
    portal.record(issued("1", paid_on="2009-12-01"), cancelled("1", cancelled_on="2010-01-10"))
    portal.record(issued("2", paid_on="2008-12-01"), cancelled("2", cancelled_on="2009-01-10"))
    portal.record(cancelled("3", cancelled_on="2009-01-10"), cancelled("4", cancelled_on="2010-01-10"))
    retain(LAST_DAY)
    assert kept(portal) == {"1", "4"}
    assert [data["payment_numbers"] for data in purged(portal)] == [["2"]], "of 3 nobody was ever told"


def test_k38_each_employer_is_told_of_its_own(portal, retain):
    portal.record(*(issued(number, paid_on="2009-05-01") for number in ("2", "1")))
    portal.record(issued("3", paid_on="2009-05-01", siret=NEIGHBOUR))
    retain(LAST_DAY)
    told = {data["siret"]: data["payment_numbers"] for data in purged(portal)}
    assert told == {CLINIC: ["1", "2"], NEIGHBOUR: ["3"]}
    retain(LAST_DAY)
    assert len(purged(portal)) == 2, "and once"


def test_k38_a_round_is_bounded(portal, retain, monkeypatch):
    monkeypatch.setattr(retention, "AT_ONCE", 2)
    portal.record(*(issued(str(number), paid_on="2009-05-01") for number in range(3)))
    assert retain(LAST_DAY) == BETWEEN
    assert len(kept(portal)) == 1
    assert retain(LAST_DAY) == PAUSE
    assert kept(portal) == set()


def test_k38_the_database_lets_no_process_drop_a_recent_payment(portal):
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    portal.record(issued("1", paid_on="2009-05-01"), issued("2", paid_on=today))
    portal.record(issued("3", paid_on="2009-05-01"), cancelled("3", cancelled_on=today))
    with portal.database.work() as connection:
        connection.execute(text("delete from payments"))
    assert kept(portal) == {"2", "3"}
    with pytest.raises(ProgrammingError, match="permission denied"), portal.database.transaction(CLINIC) as connection:
        connection.execute(text("delete from payments"))
