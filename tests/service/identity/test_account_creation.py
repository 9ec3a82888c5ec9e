"""S1 to S3: who gets an account, and its one mail."""

from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest
from espace_contracts.errors import KeyReused

from tests.service.identity.front_desk import BAKERY, CLINIC, CONTACT, FUNDER


def test_s02_a_funding_request_opens_the_account_once(desk):
    desk.funding_request(number="19GE00565")
    desk.funding_request(number="19XX00565")

    assert desk.column("select count(*) from accounts") == [1]
    assert desk.event_types() == ["AccountCreated.v1"]


def test_s02_the_account_of_the_event_and_of_the_call_are_the_same(desk):
    desk.funding_request()
    answer = desk.create()

    assert not answer.created
    assert desk.column("select id from accounts") == [answer.account_id]


def test_s02_a_second_request_never_replaces_the_contact_address(desk):
    desk.open_provisional()
    desk.funding_request(email="pirate@elsewhere.example")

    assert desk.column("select contact_email from employers") == [CONTACT]
    assert [mail.recipient for mail in desk.mails()] == [CONTACT]


def test_s02_a_second_funder_is_allowed(desk):
    desk.funding_request()
    desk.later(days=1)
    desk.funding_request(by=FUNDER | {"name": "Transitions Pro Bretagne"})

    names = desk.column("select name from employer_funders order by heard_at")
    assert names == ["Transitions Pro Grand Est", "Transitions Pro Bretagne"]


def test_s02_two_creations_at_the_same_time_make_one_account(desk):
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: desk.create(), range(8)))

    assert sum(answer.created for answer in answers) == 1
    assert len({answer.account_id for answer in answers}) == 1
    assert desk.event_types() == ["AccountCreated.v1"]


def test_two_employers_have_two_accounts(desk):
    assert desk.create(siret=CLINIC).account_id != desk.create(siret=BAKERY).account_id


def test_r18_the_same_key_is_answered_alike(desk):
    first = desk.create(key="k")

    assert desk.create(key="k") == first
    with pytest.raises(KeyReused):
        desk.create(siret=BAKERY, key="k")


def test_s03_the_event_carries_no_secret(desk):
    desk.funding_request()

    (event,) = desk.events()
    assert set(event[1]) == {"account_id", "siret"}


def test_s03_one_mail_with_provisional_credentials_goes_to_the_contact_address(desk):
    desk.open_provisional()

    (mail,) = desk.mails()
    assert (mail.name, mail.recipient, mail.state) == ("provisional_credentials", CONTACT, "queued")
    assert desk.service.mailer.rung == 1


def test_s03_a_redelivered_event_neither_mints_nor_mails_again(desk):
    desk.funding_request()
    event_id = uuid4()
    assert desk.mint(event_id=event_id)
    (before,) = desk.column("select password_hash from accounts")

    assert not desk.mint(event_id=event_id)
    assert desk.mint(event_id=uuid4()), "the same fact under another id is no repeat to the inbox"

    assert desk.column("select password_hash from accounts") == [before]
    assert len(desk.mails()) == 1


def test_s03_two_deliveries_at_the_same_time_mint_once(desk):
    desk.funding_request()
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda _: desk.mint(), range(6)))

    assert len(desk.mails()) == 1
    assert desk.audited("provisional_credentials_minted") == [True]


def test_s03_a_late_event_does_not_lock_out_an_employer_who_has_moved_on(desk):
    desk.activated()
    (before,) = desk.rows("select state, identifier, password_hash from accounts")

    desk.mint()

    assert desk.rows("select state, identifier, password_hash from accounts") == [before]


def test_k06_the_provisional_password_is_in_clear_in_no_column(desk):
    _, password = desk.open_provisional()

    assert "mails" in desk.tables_with(CONTACT), "the search finds what is there"
    assert desk.tables_with(password) == []
