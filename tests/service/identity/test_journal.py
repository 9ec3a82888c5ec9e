"""K35: the employer's own journal, of identity's doings and of what the other services tell."""

from datetime import UTC, date, datetime
from uuid import uuid4

import pytest
from espace_contracts import documents, payments
from espace_contracts import identity as api
from espace_contracts.errors import SessionInvalid, WrongCredentials

from tests.service.identity.front_desk import BAKERY, CLINIC, OWN_IDENTIFIER, OWN_PASSWORD, SECOND, hashed


def journal(desk, token=SECOND, **more):
    return desk.service.read_journal(api.ReadJournal(token_hash=hashed(token), **more)).entries


def ticked(desk, number, *, siret=CLINIC, account_id, event_id=None):
    data = {"siret": siret, "payment_number": number, "account_id": str(account_id), "ticked_at": desk.now.isoformat()}
    desk.receive(desk.service.note_tick, data, event_class=payments.PaymentTicked, event_id=event_id)


def test_k35_who_logged_in_ticked_and_confirmed(desk):
    account_id = desk.activated().account_id
    desk.accept()
    with pytest.raises(WrongCredentials):
        desk.log_in(OWN_IDENTIFIER, "Wrong-password", token="third")
    desk.later(minutes=1)
    ticked(desk, "803455", account_id=account_id)

    newest = journal(desk)
    assert (newest[0].action, newest[0].who, newest[0].subject) == ("payment_ticked", OWN_IDENTIFIER, "803455")
    assert (newest[1].action, newest[1].succeeded, newest[1].who) == ("login", False, None)
    assert {"identifier_confirmed", "privacy_policy_accepted"} <= {entry.action for entry in newest}
    assert journal(desk, limit=1) == newest[:1]


def test_a_repeated_event_is_one_line(desk):
    account_id, event_id = desk.activated().account_id, uuid4()
    for _ in range(2):
        ticked(desk, "803455", account_id=account_id, event_id=event_id)
    assert [entry.action for entry in journal(desk)].count("payment_ticked") == 1


def test_a_correction_by_the_funder_names_nobody(desk):
    desk.activated()
    data = {"siret": CLINIC, "payment_number": "803455", "account_id": None, "reason": "corrected"}
    desk.receive(desk.service.note_tick, data, event_class=payments.PaymentUnticked)
    assert (journal(desk)[0].action, journal(desk)[0].who) == ("payment_unticked", None)


def test_every_kind_of_doing_is_told_with_its_person(desk):
    account_id = desk.activated().account_id
    common = {"siret": CLINIC, "account_id": str(account_id)}
    document = common | {"document_id": str(uuid4()), "version": 2}
    stored = document | {"depositor": "employer", "category": "payslip", "sha256": "0" * 64, "size": 3}
    doings = [
        (desk.service.note_export, payments.PaymentsExported, common | {"count": 3, "format": "csv"}),
        (desk.service.note_document, documents.DocumentDeposited, stored),
        (desk.service.note_document, documents.DocumentReplaced, stored),
        (
            desk.service.note_document,
            documents.DocumentRecategorised,
            document | {"category": "payslip", "previous_category": "other"},
        ),
        (
            desk.service.note_document,
            documents.DocumentDeleted,
            document | {"restorable_until": desk.now.isoformat()},
        ),
        (desk.service.note_document, documents.DocumentRestored, document),
    ]
    for handler, event_class, data in doings:
        desk.later(seconds=1)
        desk.receive(handler, data, event_class=event_class)

    told = [(entry.action, entry.who) for entry in reversed(journal(desk))][-len(doings) :]
    assert told == [
        ("payments_exported", OWN_IDENTIFIER),
        ("document_deposited", OWN_IDENTIFIER),
        ("document_replaced", OWN_IDENTIFIER),
        ("document_recategorised", OWN_IDENTIFIER),
        ("document_deleted", OWN_IDENTIFIER),
        ("document_restored", OWN_IDENTIFIER),
    ]


def test_the_journal_is_read_by_days_of_paris(desk):
    desk.activated()  # the 1st of August
    desk.now = datetime(2019, 8, 2, 22, 30, tzinfo=UTC)  # the 3rd in Paris
    desk.log_in(OWN_IDENTIFIER, OWN_PASSWORD, token="third")

    def days(**span):
        return {entry.at.day for entry in journal(desk, token="third", **span)}

    assert days(start=date(2019, 8, 3), end=date(2019, 8, 3)) == {2}
    assert days(end=date(2019, 8, 2)) == {1}
    assert days(start=date(2019, 8, 4)) == set()
    assert days() == {1, 2}


@pytest.mark.parametrize(("depositor", "count"), [("employer", 1), ("funder", 0)])
def test_only_the_employers_own_deposits_are_its_doing(desk, depositor, count):
    desk.activated()
    data = {
        "siret": CLINIC,
        "document_id": str(uuid4()),
        "version": 1,
        "depositor": depositor,
        "category": "payslip",
        "sha256": "0" * 64,
        "size": 3,
    }
    desk.receive(desk.service.note_document, data, event_class=documents.DocumentDeposited)
    assert [entry.action for entry in journal(desk)].count("document_deposited") == count


def test_s54_another_employers_journal_stays_its_own(desk):
    desk.activated()
    ticked(desk, "803455", siret=BAKERY, account_id=uuid4())
    assert "payment_ticked" not in [entry.action for entry in journal(desk)]
    with pytest.raises(SessionInvalid):
        journal(desk, token="nobody")
