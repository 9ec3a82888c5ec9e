"""What hostile people send gets its refusal and changes nothing (K2, K7, K20, S6)."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from espace_contracts import identity as api
from espace_contracts.errors import (
    IdentifierTaken,
    InvalidRequest,
    LinkInvalid,
    Refusal,
    ResetRefused,
    SessionInvalid,
    WeakPassword,
    WrongCredentials,
)
from pydantic import ValidationError

from tests.service.identity.front_desk import CLINIC, OWN_IDENTIFIER, OWN_PASSWORD, SECOND, hashed

NEW = "paie@clinique.example"
HOSTILE = {
    "nul": "paie\x00.tilleuls",
    "bidi": "paie\u202e.tilleuls",
    "invisible": "paie\u200b.tilleuls",
    "sql": "' or 1=1; drop table accounts; --",
    "header": "paie\r\nBcc: everybody@elsewhere.example",
    "markup": "<script>alert(1)</script>",
    "template": "{{ 7 * 7 }} %s %(x)s",
    "long": "x" * 1000,
    "surrogates": "\U0001f4a9" * 500,
}
KEPT = ("accounts", "employers", "account_access", "links", "sessions", "privacy_acceptances", "mails", "outbox")


def state(desk):
    """All rows that an attempt must leave as they are; counters and the audit log are there to change."""
    return {name: sorted(map(str, desk.rows(f"select * from {name}"))) for name in KEPT}  # noqa: S608 - own words


@pytest.fixture
def active(desk):
    desk.activated()
    desk.accept()
    return desk


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_nobody_logs_in_with_it_and_nothing_changes(active, text):
    before = state(active)
    for identifier, password in ((text, OWN_PASSWORD), (OWN_IDENTIFIER, text)):
        with pytest.raises(WrongCredentials):
            active.log_in(identifier, password, token="third")
    active.forget_password(text)
    active.forget_identifier(text)
    assert state(active) == before
    assert active.log_in(OWN_IDENTIFIER, OWN_PASSWORD, token="fourth").state == "active"


@pytest.mark.parametrize("name", ["nul", "bidi", "invisible", "header", "long", "surrogates"])
def test_s05_it_becomes_nobodys_identifier(desk, name):
    desk.stand_in_wizard()
    before = state(desk)
    with pytest.raises((InvalidRequest, IdentifierTaken)):
        desk.personalise(HOSTILE[name])
    assert state(desk) == before


@pytest.mark.parametrize("name", ["sql", "markup", "template"])
def test_s05_what_is_only_strange_is_an_identifier_like_another(desk, name):
    desk.stand_in_wizard()
    desk.personalise(HOSTILE[name])
    desk.confirm(desk.link())
    assert desk.log_in(HOSTILE[name], OWN_PASSWORD, token="third").identifier == HOSTILE[name]


def test_k02_a_password_is_never_cut(desk):
    desk.stand_in_wizard()
    before = state(desk)
    with pytest.raises(WeakPassword) as refusal:
        desk.personalise(password="A!" + "x" * 127)
    assert refusal.value.fields == ("max_length",)
    assert state(desk) == before
    longest = "A!\x00" + "x" * 125
    desk.personalise(password=longest)
    desk.confirm(desk.link(), longest)
    with pytest.raises(WrongCredentials):
        desk.log_in(OWN_IDENTIFIER, longest[:-1], token="third")
    with pytest.raises(WrongCredentials):
        desk.log_in(OWN_IDENTIFIER, "A!", token="third")
    assert desk.log_in(OWN_IDENTIFIER, longest, token="third").state == "active"


def test_a_password_of_ten_megabytes_does_not_fit_the_contract():
    session = api.NewSession(token_hash=hashed("x"), remote_address="192.0.2.7", user_agent="test")
    with pytest.raises(ValidationError):
        api.OpenSession(identifier="x", password="x" * 10_000_000, session=session)


@pytest.mark.parametrize(
    "email", ["a@b\r\nBcc: c@d", "a@b\n", "a@b>", "<a@b", "a@b,c@d", "a b@c", "a\x00@b", "x" * 300]
)
def test_no_header_enters_by_an_address(email):
    with pytest.raises(ValidationError):
        api.ReissueCredentials(siret=CLINIC, contact_email=email)


def test_k07_a_token_serves_its_own_purpose_only(active):
    """Every secret that identity hands out, at every place that takes one."""
    active.ask_contact(NEW)
    active.forget_password(OWN_IDENTIFIER)
    reset, contact = active.link("password_reset"), active.link("contact_link")
    code = active.send_code(reset)
    used = active.rows("select token_hash from links where purpose = 'confirm_identifier'")[0].token_hash
    secrets = {
        "session": hashed(SECOND),
        "reset": hashed(reset),
        "contact": hashed(contact),
        "code": api.robot_code_hash(hashed(reset), code),
        "used": used,
        "nonsense": hashed("nonsense"),
    }
    places = {
        "check_session": ("session", lambda it: active.service.check_session(api.SessionToken(token_hash=it))),
        "list_sessions": ("session", lambda it: active.service.list_sessions(api.SessionToken(token_hash=it))),
        "get_contact": ("session", lambda it: active.service.get_contact(api.SessionToken(token_hash=it))),
        "read_journal": ("session", lambda it: active.service.read_journal(api.ReadJournal(token_hash=it))),
        "get_reset_link": ("reset", lambda it: active.service.get_reset_link(api.LinkToken(token_hash=it))),
        "get_confirmation": ("", lambda it: active.service.get_confirmation(api.LinkToken(token_hash=it))),
        "get_contact_link": ("contact", lambda it: active.service.get_contact_link(api.LinkToken(token_hash=it))),
        "confirm_contact": (
            "contact",
            lambda it: active.service.confirm_contact(api.ConfirmContact(token_hash=it, remote_address="192.0.2.7")),
        ),
    }
    before = state(active)
    for own, use in places.values():
        for kind, secret in secrets.items():
            if kind != own:
                with pytest.raises((LinkInvalid, SessionInvalid)):
                    use(secret)
    assert state(active) == before
    for own, use in places.values():
        if own:
            use(secrets[own])


def at_a_time(use, count=100):
    """How many of *count* uses at a time succeed."""

    def attempt(number):
        try:
            use(number)
        except Refusal:
            return False
        return True

    with ThreadPoolExecutor(12) as pool:
        return sum(pool.map(attempt, range(count)))


def test_k09_of_a_hundred_uses_of_a_contact_link_at_a_time_exactly_one_succeeds(active):
    active.ask_contact(NEW)
    request = api.ConfirmContact(token_hash=hashed(active.link("contact_link")), remote_address="192.0.2.7")
    assert at_a_time(lambda _: active.service.confirm_contact(request)) == 1
    assert len(active.mails("contact_changed")) == 1


def test_k09_of_a_hundred_uses_of_a_code_at_a_time_exactly_one_succeeds(active):
    active.forget_password(OWN_IDENTIFIER)
    link = active.link("password_reset")
    code = active.send_code(link)
    assert at_a_time(lambda number: active.reset(link, f"Nouveau-mot-{number}", code=code)) == 1
    assert active.event_types().count("PasswordChanged.v1") == 1
    with pytest.raises((LinkInvalid, ResetRefused)):
        active.reset(link, code=code)
