"""S5 to S14: from provisional credentials to one's own."""

from datetime import timedelta

import pytest
from espace_contracts.errors import (
    Conflict,
    IdentifierTaken,
    InvalidRequest,
    LinkInvalid,
    SessionInvalid,
    TooManyAttempts,
    WeakPassword,
    WrongCredentials,
)

from services.identity.store import links
from tests.service.identity.front_desk import BAKERY, CONTACT, OWN_IDENTIFIER, OWN_PASSWORD, START, FrontDesk, hashed


def test_s05_the_wizard_keeps_the_choice_until_it_is_confirmed(desk):
    desk.stand_in_wizard()
    answer = desk.personalise()

    assert (answer.identifier, answer.masked_contact_email) == (OWN_IDENTIFIER, "rh@clin…tilleuls.example")
    session = desk.check()
    assert (session.state, session.pending_identifier) == ("pending_confirmation", OWN_IDENTIFIER)
    assert desk.event_types()[-1] == "IdentifierChangeRequested.v1"
    with pytest.raises(WrongCredentials):
        desk.log_in(OWN_IDENTIFIER, OWN_PASSWORD, token="other")


@pytest.mark.parametrize(
    "identifier", ["", "   ", "a\u202eb", "a\x00b", "a\u200bb", "x" * 101, CONTACT, CONTACT.upper()]
)
def test_s05_unusable_identifiers_are_refused(desk, identifier):
    desk.stand_in_wizard()

    with pytest.raises(InvalidRequest) as refusal:
        desk.personalise(identifier)
    assert refusal.value.fields == ("identifier",)


def test_s05_the_identifier_is_unique_ignoring_case(desk):
    desk.activated()
    identifier, password = desk.open_provisional(siret=BAKERY, email="four@bakery.example")
    desk.log_in(identifier, password, token="baker")

    for taken in (OWN_IDENTIFIER.upper(), f" {OWN_IDENTIFIER} "):
        with pytest.raises(IdentifierTaken):
            desk.personalise(taken, token="baker")
    assert desk.personalise("boulanger", token="baker").identifier == "boulanger"


def test_s05_an_identifier_that_another_waits_to_confirm_is_taken_while_the_link_lives(desk):
    desk.chosen()
    identifier, password = desk.open_provisional(siret=BAKERY, email="four@bakery.example")
    desk.log_in(identifier, password, token="baker")
    with pytest.raises(IdentifierTaken):
        desk.personalise(token="baker")

    desk.later(hours=49)
    desk.log_in(identifier, password, token="baker again")
    desk.personalise(token="baker again")


def test_s06_broken_rules_are_reported_one_by_one(desk):
    desk.stand_in_wizard()

    for password, broken in (
        ("abcdef", ("min_length", "uppercase", "special")),
        ("Password!", ("common",)),
        ("Transitions!", ("common",)),
        ("A!" + "x" * 200, ("max_length",)),
    ):
        with pytest.raises(WeakPassword) as refusal:
            desk.personalise(password=password)
        assert refusal.value.fields == broken
    assert desk.check().state == "provisional"
    assert desk.mails("identifier_change") == []


def test_k05_the_provisional_password_cannot_become_the_final_one(desk):
    _, password = desk.stand_in_wizard()

    with pytest.raises(WeakPassword):
        desk.personalise(password=password)


def test_s08_a_mail_states_the_old_and_the_new_identifier(desk):
    identifier, _ = desk.stand_in_wizard()
    desk.personalise()

    (mail,) = desk.mails("identifier_change")
    assert (mail.facts["old_identifier"], mail.facts["new_identifier"]) == (identifier, OWN_IDENTIFIER)
    assert mail.recipient == CONTACT


def test_s09_until_the_link_is_followed_the_provisional_credentials_open_the_wizard(desk):
    credentials = desk.stand_in_wizard()
    desk.personalise()

    assert desk.log_in(*credentials, token="again").state == "pending_confirmation"
    desk.personalise("paie.corrigee", token="again")
    assert desk.check("again").pending_identifier == "paie.corrigee"


def test_s09_a_newer_link_voids_the_older(desk):
    older = desk.chosen()
    desk.resend()

    with pytest.raises(LinkInvalid):
        desk.look_at_link(older)
    with pytest.raises(LinkInvalid):
        desk.confirm(older)
    assert desk.confirm(desk.link()).state == "active"


def test_s09_a_link_expires_after_48_hours(desk):
    link = desk.chosen()
    desk.later(hours=47, minutes=59)
    assert desk.look_at_link(link).identifier == OWN_IDENTIFIER
    desk.later(minutes=1)

    with pytest.raises(LinkInvalid):
        desk.look_at_link(link)
    with pytest.raises(LinkInvalid):
        desk.confirm(link)


def test_s09_a_link_serves_once(desk):
    link = desk.chosen()
    desk.confirm(link)

    with pytest.raises(LinkInvalid):
        desk.confirm(link, token="third")


def test_k08_looking_at_a_link_does_not_consume_it(desk):
    link = desk.chosen()
    for _ in range(3):
        desk.look_at_link(link)

    assert desk.confirm(link).state == "active"


def test_s10_a_wrong_password_confirms_nothing(desk):
    link = desk.chosen()
    with pytest.raises(WrongCredentials):
        desk.confirm(link, "Another-Password!")

    assert desk.column("select state from accounts") == ["pending_confirmation"]
    assert desk.audited("identifier_confirmed") == [False]
    assert desk.confirm(link).state == "active"


def test_s10_the_same_password_typed_on_another_keyboard_confirms(desk):
    link = desk.chosen()

    assert desk.confirm(link, OWN_PASSWORD.replace("É", "E\u0301")).state == "active"


def test_k12_wrong_passwords_behind_a_link_are_delayed(desk):
    link = desk.chosen()
    for _ in range(6):
        with pytest.raises(WrongCredentials):
            desk.confirm(link, "Another-Password!")
    with pytest.raises(TooManyAttempts):
        desk.confirm(link)

    desk.later(seconds=2)
    assert desk.confirm(link).state == "active"


def test_k10_of_two_who_wait_for_one_identifier_the_second_to_confirm_is_refused(desk):
    link = desk.chosen()
    desk.open_provisional(siret=BAKERY, email="four@bakery.example")
    with desk.database.work() as connection:  # as a race would leave it
        connection.exec_driver_sql(
            "update accounts set identifier = 'PAIE.tilleuls', identifier_key = 'paie.tilleuls'"
            " where state = 'provisional'"
        )

    with pytest.raises(IdentifierTaken):
        desk.confirm(link)
    assert desk.look_at_link(link).identifier == OWN_IDENTIFIER, "nothing was consumed"


def test_s11_confirming_opens_a_session_and_ends_the_older_ones(desk):
    link = desk.chosen()
    session = desk.confirm(link, token="second")

    assert (session.state, session.identifier) == ("active", OWN_IDENTIFIER)
    with pytest.raises(SessionInvalid):
        desk.check("first")
    assert desk.check("second").session_id == session.session_id
    (mail,) = desk.mails("identifier_confirmed")
    assert mail.recipient == CONTACT
    assert desk.event_types()[-2:] == ["SessionEnded.v1", "IdentifierChangeConfirmed.v1"]


def test_s12_the_policy_is_accepted_once_with_version_and_time(desk):
    assert not desk.activated().policy_accepted
    assert desk.accept("2019-07").policy_accepted
    desk.later(hours=1, minutes=-40)
    desk.accept("2019-07")

    ((version, accepted_at),) = desk.rows("select policy_version, accepted_at from privacy_acceptances")
    assert version == "2019-07"
    assert abs(accepted_at - START) < timedelta(seconds=1)
    assert desk.event_types().count("PrivacyPolicyAccepted.v1") == 1


def test_s04_the_policy_cannot_be_accepted_before_the_first_login_is_over(desk):
    desk.stand_in_wizard()

    with pytest.raises(Conflict):
        desk.accept(token="first")


def test_s13_later_logins_show_neither_wizard_nor_policy(desk, identity_db):
    desk.activated()
    desk.accept("2019-07")
    desk.later(days=400)
    session = desk.log_in(OWN_IDENTIFIER, OWN_PASSWORD, token="later")

    assert (session.state, session.policy_accepted) == ("active", True)
    strict = FrontDesk(identity_db, required_policy_version="2020-09")
    strict.now = desk.now
    assert not strict.check("later").policy_accepted
    assert strict.accept("2020-09", token="later").policy_accepted


def test_s13_the_wizard_is_closed_afterwards(desk):
    desk.activated()

    with pytest.raises(Conflict):
        desk.personalise("encore", token="second")
    with pytest.raises(Conflict):
        desk.resend("second")


def test_s14_provisional_credentials_no_longer_work(desk):
    identifier, password = desk.stand_in_wizard()
    desk.personalise()
    desk.confirm(desk.link())

    for guess in ((identifier, password), (OWN_IDENTIFIER, password), (identifier, OWN_PASSWORD)):
        with pytest.raises(WrongCredentials):
            desk.log_in(*guess, token="late")
    assert desk.log_in(OWN_IDENTIFIER, OWN_PASSWORD, token="late").state == "active"


def test_resending_needs_a_choice_first(desk):
    desk.stand_in_wizard()

    with pytest.raises(Conflict):
        desk.resend()


def test_k12_mails_with_a_link_are_bounded_and_then_go_on(desk):
    desk.chosen()
    for _ in range(9):
        desk.resend()
    with pytest.raises(TooManyAttempts) as refusal:
        desk.resend()
    assert 0 < refusal.value.retry_after <= 3600

    desk.later(minutes=29)
    desk.check()
    desk.later(minutes=29)
    desk.check()
    desk.later(minutes=3)
    desk.resend()


def test_s07_the_new_password_is_in_clear_in_no_column(desk):
    desk.activated()

    assert "accounts" in desk.tables_with(OWN_IDENTIFIER), "the search finds what is there"
    assert desk.tables_with(OWN_PASSWORD) == []


def test_r18_the_same_key_chooses_once(desk):
    desk.stand_in_wizard()
    first = desk.personalise(key="k")

    assert desk.personalise(key="k") == first
    assert len(desk.mails("identifier_change")) == 1


def test_k07_a_link_serves_its_own_purpose_only(desk):
    token_hash = hashed(desk.chosen())

    with desk.database.transaction() as connection:
        assert links.live(connection, token_hash, purpose="reset_password", now=desk.now) is None
        assert not links.consume(connection, token_hash, purpose="reset_password", now=desk.now)
