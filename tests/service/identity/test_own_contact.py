"""S2, K10: the employer changes its contact address itself: password, link to the new one, word to the old one."""

import pytest
from espace_contracts import identity as api
from espace_contracts.errors import (
    Conflict,
    InvalidRequest,
    LinkInvalid,
    SessionInvalid,
    TooManyAttempts,
    WrongCredentials,
)

from tests.service.identity.front_desk import (
    CONTACT,
    FIRST,
    OWN_IDENTIFIER,
    OWN_PASSWORD,
    SECOND,
    hashed,
)

NEW = "paie@clinique-des-tilleuls.example"


def ask(desk, email=NEW, password=OWN_PASSWORD, **more):
    return desk.ask_contact(email, password, **more)


def look(desk, link):
    return desk.service.get_contact_link(api.LinkToken(token_hash=hashed(link)))


def follow(desk, link):
    desk.service.confirm_contact(api.ConfirmContact(token_hash=hashed(link), remote_address="192.0.2.7"))


def contact(desk, token=SECOND):
    return desk.service.get_contact(api.SessionToken(token_hash=hashed(token)))


def address(desk):
    return desk.column("select contact_email from employers")[0]


def changed_by_funder(desk, email, *, version):
    desk.contact_changed(email, version=version)
    return address(desk) == email


def link(desk):
    return desk.link("contact_link")


def test_the_address_changes_once_its_link_is_followed(desk):
    desk.activated()
    answer = ask(desk)
    assert (answer.contact_email, answer.wanted_email) == (CONTACT, NEW)
    assert look(desk, link(desk)).contact_email == NEW
    assert (address(desk), contact(desk).wanted_email) == (CONTACT, NEW)

    follow(desk, link(desk))
    assert (address(desk), contact(desk).wanted_email) == (NEW, None)
    assert desk.events()[-1][0] == "ContactConfirmed.v1"
    assert desk.events()[-1][1]["contact_email"] == NEW
    assert desk.audited("contact_change_requested") == desk.audited("contact_changed") == [True]


def test_each_address_hears_what_concerns_it(desk):
    desk.activated()
    ask(desk)
    follow(desk, link(desk))

    (link_mail,), (word,), (told,) = (desk.mails(n) for n in ("contact_link", "contact_requested", "contact_changed"))
    assert link_mail.recipient == NEW
    assert (told.recipient, told.facts["by"]) == (CONTACT, "account")
    assert word.facts["masked_new_address"] == told.facts["masked_new_address"] == "pa…@clin…tilleuls.example"
    assert desk.tables_with(desk.secret(link_mail)["token"]) == []


def test_the_old_address_is_told_at_the_request(desk):
    desk.activated()
    ask(desk)
    assert [mail.recipient for mail in desk.mails("contact_requested")] == [CONTACT]


def test_a_wrong_password_changes_nothing_and_is_counted(desk):
    desk.activated()
    for _ in range(6):
        with pytest.raises(WrongCredentials):
            ask(desk, password="Wrong-password")
    with pytest.raises(TooManyAttempts):
        ask(desk)
    assert desk.audited("contact_change_requested") == [False] * 6
    assert desk.mails("contact_link") == desk.mails("contact_requested") == []

    desk.later(seconds=3)
    ask(desk)


def test_a_second_request_voids_the_first_link_and_its_mail(desk):
    desk.activated()
    ask(desk, "mistyped@clinique.example")
    first = link(desk)
    ask(desk)

    for use in (look, follow):
        with pytest.raises(LinkInvalid):
            use(desk, first)
    assert {mail.recipient: mail.state for mail in desk.mails("contact_link")} == {
        "mistyped@clinique.example": "given_up",
        NEW: "queued",
    }
    follow(desk, link(desk))
    assert address(desk) == NEW


def test_k07_a_link_serves_once_for_48_hours_and_for_nothing_else(desk):
    desk.activated()
    ask(desk)
    token = link(desk)
    for use in (desk.look_at_reset_link, desk.look_at_link):
        with pytest.raises(LinkInvalid):
            use(token)
    desk.later(hours=48)
    with pytest.raises(LinkInvalid):
        follow(desk, token)
    desk.log_in(OWN_IDENTIFIER, OWN_PASSWORD, token="third")
    ask(desk, token="third")
    follow(desk, link(desk))
    with pytest.raises(LinkInvalid):
        follow(desk, link(desk))


def test_the_funders_newer_word_wins_and_voids_a_waiting_link(desk):
    desk.activated()
    desk.contact_changed("rh2@clinique.example", version=1)
    ask(desk)
    follow(desk, link(desk))
    assert not changed_by_funder(desk, "rh3@clinique.example", version=1)
    assert address(desk) == NEW

    ask(desk, "rh4@clinique.example")
    waiting = link(desk)
    assert changed_by_funder(desk, "rh5@clinique.example", version=2)
    with pytest.raises(LinkInvalid):
        follow(desk, waiting)
    assert address(desk) == "rh5@clinique.example"


def test_a_new_password_voids_a_link_that_somebody_else_has_asked_for(desk):
    desk.activated()
    ask(desk)
    desk.forget_password(OWN_IDENTIFIER)
    desk.reset(desk.link("password_reset"))
    with pytest.raises(LinkInvalid):
        follow(desk, link(desk))
    assert address(desk) == CONTACT


def test_a_disabled_account_confirms_nothing(desk):
    desk.activated()
    ask(desk)
    desk.disable()
    with pytest.raises(LinkInvalid):
        follow(desk, link(desk))


def test_what_cannot_be_asked_for(desk):
    desk.stand_in_wizard()
    with pytest.raises(Conflict):
        ask(desk, token=FIRST)
    with pytest.raises(SessionInvalid):
        ask(desk, token="nobody")
    desk.personalise()
    desk.confirm(desk.link())
    with pytest.raises(InvalidRequest) as refusal:
        ask(desk, CONTACT.upper())
    assert refusal.value.fields == ("contact_email",)


def test_k12_mails_to_strangers_are_bounded(desk):
    desk.activated()
    for number in range(10):
        ask(desk, f"stranger{number}@elsewhere.example")
    with pytest.raises(TooManyAttempts):
        ask(desk)
    assert len(desk.mails("contact_link")) == 10


def test_r18_the_same_request_again_mails_nothing_more(desk):
    desk.activated()
    assert ask(desk, key="k") == ask(desk, key="k")
    assert len(desk.mails("contact_link")) == 1
