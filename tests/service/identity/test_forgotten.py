"""S16 to S22: forgotten password, forgotten identifier."""

import pytest
from espace_contracts.errors import (
    LinkInvalid,
    ResetRefused,
    SessionInvalid,
    TooManyAttempts,
    WrongCredentials,
)
from sqlalchemy import event

from tests.service.identity.front_desk import CONTACT, NEW_PASSWORD, OWN_IDENTIFIER, OWN_PASSWORD


@pytest.fixture
def reset_link(desk):
    desk.activated()
    desk.forget_password(OWN_IDENTIFIER)
    return desk.link("password_reset")


def test_s17_a_mail_with_a_link_goes_to_the_contact_address(desk, reset_link):
    (mail,) = desk.mails("password_reset")
    assert mail.recipient == CONTACT
    assert desk.event_types()[-1] == "PasswordResetRequested.v1"
    desk.look_at_reset_link(reset_link)
    assert reset_link not in str(desk.rows("select * from links"))


def test_s16_an_unknown_identifier_is_noted_alike_and_gets_no_mail(desk):
    desk.activated()
    desk.forget_password("nobody")
    desk.forget_identifier("nobody@elsewhere.example")

    assert desk.mails("password_reset") == desk.mails("identifier_reminder") == []
    assert desk.audited("forgotten_password") == desk.audited("forgotten_identifier") == [False]


def test_k13_the_call_itself_does_the_same_whether_the_identifier_exists_or_not(desk):
    desk.activated()
    seen = []

    def note(connection, cursor, statement, *rest):
        seen[-1].append(statement)

    event.listen(desk.database._app, "before_cursor_execute", note)
    for identifier in (OWN_IDENTIFIER, "nobody"):
        seen.append([])
        desk.forget_password(identifier, address=f"address of {identifier}")

    assert seen[0] == seen[1] != []


def test_s16_an_account_before_its_first_login_is_not_reset(desk):
    identifier, _ = desk.stand_in_wizard()
    desk.personalise()
    for name in (identifier, OWN_IDENTIFIER):
        desk.forget_password(name)

    assert desk.mails("password_reset") == []


def test_s16_the_forgotten_identifier_goes_to_the_contact_address(desk):
    desk.activated()
    desk.forget_identifier(f" {CONTACT.upper()} ")

    (mail,) = desk.mails("identifier_reminder")
    assert (mail.recipient, mail.facts["identifier"]) == (CONTACT, OWN_IDENTIFIER)


def test_s20_the_new_password_logs_in_the_old_one_does_not_and_sessions_end(desk, reset_link):
    desk.reset(reset_link)

    with pytest.raises(SessionInvalid):
        desk.check("second")
    with pytest.raises(WrongCredentials):
        desk.log_in(OWN_IDENTIFIER, OWN_PASSWORD, token="third")
    assert desk.log_in(OWN_IDENTIFIER, NEW_PASSWORD, token="fourth").state == "active"
    assert desk.event_types()[-2:] == ["SessionEnded.v1", "PasswordChanged.v1"]
    (mail,) = desk.mails("password_changed")
    assert mail.recipient == CONTACT
    assert desk.tables_with(NEW_PASSWORD) == []


def test_s19_the_identifier_must_be_the_links_own(desk, reset_link):
    with pytest.raises(ResetRefused) as refusal:
        desk.reset(reset_link, identifier="somebody.else")
    assert refusal.value.fields == ("identifier",)

    assert desk.audited("password_reset") == [False]
    desk.reset(reset_link, identifier=OWN_IDENTIFIER.upper())


def test_s19_guessing_the_identifier_behind_a_link_is_delayed(desk, reset_link):
    for number in range(6):
        with pytest.raises(ResetRefused):
            desk.reset(reset_link, identifier=f"guess {number}")
    with pytest.raises(TooManyAttempts):
        desk.reset(reset_link)
    desk.later(seconds=2)
    desk.reset(reset_link)


def test_s19_the_rules_of_passwords_apply_and_a_refusal_leaves_the_link(desk, reset_link):
    with pytest.raises(ResetRefused) as refusal:
        desk.reset(reset_link, "abc")
    assert refusal.value.fields == ("min_length", "uppercase", "special")

    desk.reset(reset_link)


def test_k07_a_reset_link_serves_once_and_for_an_hour(desk, reset_link):
    desk.later(minutes=60)
    for use in (desk.look_at_reset_link, desk.reset):
        with pytest.raises(LinkInvalid):
            use(reset_link)

    desk.forget_password(OWN_IDENTIFIER)
    newer = desk.link("password_reset")
    desk.reset(newer)
    with pytest.raises(LinkInvalid):
        desk.reset(newer)


def test_k07_a_newer_link_or_a_login_voids_the_older(desk, reset_link):
    desk.forget_password(OWN_IDENTIFIER)
    with pytest.raises(LinkInvalid):
        desk.look_at_reset_link(reset_link)

    desk.log_in(OWN_IDENTIFIER, OWN_PASSWORD, token="third")
    with pytest.raises(LinkInvalid):
        desk.look_at_reset_link(desk.link("password_reset"))


def test_k07_a_confirmation_link_resets_nothing(desk):
    link = desk.chosen()

    with pytest.raises(LinkInvalid):
        desk.reset(link)
    with pytest.raises(LinkInvalid):
        desk.look_at_reset_link(link)


def test_k12_reset_mails_are_bounded(desk):
    desk.activated()
    refused = 0
    for minute in range(40):
        try:
            desk.forget_password(OWN_IDENTIFIER, address=f"192.0.2.{minute}")
        except TooManyAttempts:
            refused += 1
        desk.later(minutes=1)

    assert refused > 0
    assert len(desk.mails("password_reset")) == 10


def test_a_failed_login_does_not_stand_in_the_way_after_a_reset(desk):
    desk.activated()
    for _ in range(6):
        with pytest.raises(WrongCredentials):
            desk.log_in(OWN_IDENTIFIER, "Wrong-password", token="third")
    desk.forget_password(OWN_IDENTIFIER)
    desk.reset(desk.link("password_reset"))

    assert desk.log_in(OWN_IDENTIFIER, NEW_PASSWORD, token="fourth").state == "active"


def test_s21_whoever_only_wants_another_password_takes_the_same_way(desk):
    desk.activated()
    assert desk.check("second").state == "active"
    desk.forget_password(OWN_IDENTIFIER)
    desk.reset(desk.link("password_reset"))
    with pytest.raises(SessionInvalid):
        desk.check("second")
    assert desk.log_in(OWN_IDENTIFIER, NEW_PASSWORD, token="third").state == "active"


def test_k11_each_change_of_credentials_is_told_to_the_holder(desk):
    desk.activated()
    assert [mail.recipient for mail in desk.mails("identifier_confirmed")] == [CONTACT]
    desk.forget_password(OWN_IDENTIFIER)
    desk.reset(desk.link("password_reset"))
    assert [mail.recipient for mail in desk.mails("password_changed")] == [CONTACT]
    desk.contact_changed("paie@clinique.example", version=1)
    assert [mail.recipient for mail in desk.mails("contact_changed")] == [CONTACT]
