"""K35: the employer's own journal, of identity's doings and of what the other services tell."""

from uuid import uuid4

import pytest
from espace_contracts import documents, payments
from espace_contracts import identity as api
from espace_contracts.errors import SessionInvalid, WrongCredentials

from tests.service.identity.front_desk import BAKERY, CLINIC, OWN_IDENTIFIER, SECOND, hashed


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
    desk.receive(desk.service.note_untick, data, event_class=payments.PaymentUnticked)
    assert (journal(desk)[0].action, journal(desk)[0].who) == ("payment_unticked", None)


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
    desk.receive(desk.service.note_deposit, data, event_class=documents.DocumentDeposited)
    assert [entry.action for entry in journal(desk)].count("document_deposited") == count


def test_s54_another_employers_journal_stays_its_own(desk):
    desk.activated()
    ticked(desk, "803455", siret=BAKERY, account_id=uuid4())
    assert "payment_ticked" not in [entry.action for entry in journal(desk)]
    with pytest.raises(SessionInvalid):
        journal(desk, token="nobody")
