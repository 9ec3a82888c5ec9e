"""Credentials re-issued or closed by the funder; own sessions listed and ended."""

import pytest
from espace_contracts.errors import Conflict, NotFound, SessionInvalid, WrongCredentials

from tests.service.identity.front_desk import BAKERY, CONTACT, NEW_PASSWORD, OWN_IDENTIFIER, OWN_PASSWORD


def test_s03_reissued_credentials_replace_the_ones_before(desk):
    identifier, password = desk.stand_in_wizard()
    desk.later(days=40)
    desk.reissue()

    first, second = desk.mails("provisional_credentials")
    assert (first.state, first.secret) == ("given_up", None)
    with pytest.raises(WrongCredentials):
        desk.log_in(identifier, password, token="third")
    with pytest.raises(SessionInvalid):
        desk.check("first")
    assert desk.log_in(identifier, desk.secret(second)["password"], token="fourth").state == "provisional"


def test_s03_an_employer_who_waits_for_the_link_keeps_the_choice_when_credentials_are_reissued(desk):
    link = desk.chosen()
    desk.reissue()

    assert desk.confirm(link).state == "active"


def test_s22_after_the_first_login_a_link_and_the_identifier_are_mailed_never_a_password(desk):
    desk.activated()
    answer = desk.reissue(email="paie@clinique.example")

    assert (answer.state, desk.check("second").state) == ("active", "active")
    waiting = {
        (mail.name, mail.recipient) for mail in desk.mails() if mail.name in ("password_reset", "contact_changed")
    }
    assert waiting == {("password_reset", "paie@clinique.example"), ("contact_changed", CONTACT)}
    (reminder,) = desk.mails("identifier_reminder")
    assert (reminder.recipient, reminder.facts["identifier"]) == ("paie@clinique.example", OWN_IDENTIFIER)
    desk.reset(desk.link("password_reset"))
    assert desk.log_in(OWN_IDENTIFIER, NEW_PASSWORD, token="third").state == "active"


def test_nothing_is_reissued_to_a_disabled_account_or_for_nobody(desk):
    desk.activated()
    desk.disable()
    with pytest.raises(Conflict):
        desk.reissue()
    with pytest.raises(NotFound):
        desk.reissue(BAKERY)


def test_k16_a_disabled_account_is_closed_at_once(desk):
    desk.activated()
    assert desk.disable().state == "disabled"
    desk.disable()

    with pytest.raises(SessionInvalid):
        desk.check("second")
    with pytest.raises(WrongCredentials):
        desk.log_in(OWN_IDENTIFIER, OWN_PASSWORD, token="third")
    assert desk.event_types().count("AccountDisabled.v1") == 1
    with pytest.raises(NotFound):
        desk.disable(BAKERY)


def test_k16_own_sessions_are_listed_the_current_one_marked(desk):
    desk.activated()
    desk.later(minutes=1)
    desk.log_in(OWN_IDENTIFIER, OWN_PASSWORD, token="third", address="198.51.100.9")

    sessions = desk.own_sessions("third")
    assert [(one.remote_address, one.current) for one in sessions] == [("198.51.100.9", True), ("192.0.2.7", False)]


def test_k16_one_session_or_all_others_can_be_ended(desk):
    desk.activated()
    for token in ("third", "fourth", "fifth"):
        desk.later(seconds=1)
        desk.log_in(OWN_IDENTIFIER, OWN_PASSWORD, token=token)
    desk.end_sessions("second", session_id=desk.own_sessions("second")[0].session_id)
    with pytest.raises(SessionInvalid):
        desk.check("fifth")

    desk.end_sessions("second")
    assert len(desk.own_sessions("second")) == 1
    for token in ("third", "fourth"):
        with pytest.raises(SessionInvalid):
            desk.check(token)


def test_r18_a_session_is_ended_once_a_key(desk):
    desk.activated()
    desk.later(seconds=1)
    other = desk.log_in(OWN_IDENTIFIER, OWN_PASSWORD, token="third")
    for _ in range(2):
        desk.end_sessions("second", session_id=other.session_id, key="end-third")

    assert desk.event_types().count("SessionEnded.v1") == 2  # the first login ended one
    with pytest.raises(NotFound):
        desk.end_sessions("second", session_id=other.session_id)


def test_k29_the_session_of_another_account_cannot_be_ended(desk):
    desk.activated()
    identifier, password = desk.open_provisional(siret=BAKERY, email="four@bakery.example")
    theirs = desk.log_in(identifier, password, token="baker")

    with pytest.raises(NotFound):
        desk.end_sessions("second", session_id=theirs.session_id)
    desk.check("baker")
