"""« Adresse de contact »: the form with its faults, the page behind the link (S2, K8, K17)."""

import pytest
from espace_contracts import errors, identity
from fake_bus import FakeBus
from starlette.testclient import TestClient

from gateway.security import token_hash

NEW = "paie@clinique-des-tilleuls.example"
TOKEN = "t" * 43


def ask(member: TestClient, csrf: str, address: str = NEW, *typed: str) -> object:
    return member.post(
        "/compte/adresse", data={"csrf": csrf, "adresse": address, "mot-de-passe": [*typed, "Secret-2019!"][0]}
    )


def test_the_request_travels_sealed_and_leads_back(member: TestClient, csrf: str, bus: FakeBus) -> None:
    answer = ask(member, csrf, f" {NEW} ")
    assert (answer.status_code, answer.headers["location"]) == (303, "/compte")
    (asked,) = bus.asked(identity.REQUEST_CONTACT_CHANGE)
    assert asked.contact_email == NEW
    assert "Secret" not in asked.password
    assert "Un lien vient de partir" in member.get("/compte").text


@pytest.mark.parametrize(
    ("address", "password", "refusal", "status", "words"),
    [
        ("", "", None, 422, "Saisissez votre mot de passe."),
        ("no address", "x", None, 422, "incomplète"),
        ("a@b\r\nBcc: c@d", "x", None, 422, "incomplète"),
        (NEW, "x", errors.WrongCredentials(), 422, "Ce n’est pas votre mot de passe."),
        (NEW, "x", errors.InvalidRequest("same", "contact_email"), 422, "C’est déjà l’adresse"),
        (NEW, "x", errors.TooManyAttempts("wait", "7"), 429, "Attendez 7 secondes"),
    ],
)
def test_each_fault_stands_beside_its_field(
    member: TestClient, csrf: str, bus: FakeBus, address, password, refusal, status, words
) -> None:
    if refusal:
        bus.refuse(identity.REQUEST_CONTACT_CHANGE, refusal)
    answer = ask(member, csrf, address, password)
    assert answer.status_code == status
    assert words in answer.text
    assert "Secret" not in answer.text
    assert (answer.headers.get("retry-after") == "7") == (status == 429)


def test_both_faults_are_told_at_once(member: TestClient, csrf: str, bus: FakeBus) -> None:
    answer = ask(member, csrf, "no address", "")
    assert answer.status_code == 422
    assert "incomplète" in answer.text
    assert "Saisissez votre mot de passe." in answer.text
    assert not bus.asked(identity.REQUEST_CONTACT_CHANGE)


def test_what_waits_is_shown(member: TestClient, bus: FakeBus) -> None:
    waiting = bus.request_contact_change(
        identity.RequestContactChange(token_hash="0" * 64, contact_email=NEW, password="x", remote_address="192.0.2.7")
    )
    bus.get_contact = lambda request: waiting
    assert f"En attente : {NEW}" in member.get("/compte").text.replace("\u00a0", " ")
    assert NEW in member.get("/compte/adresse").text


def test_k08_looking_at_the_link_asks_for_nothing(client: TestClient, bus: FakeBus) -> None:
    bus.session = None
    page = client.get(f"/adresse/{TOKEN}")
    assert NEW in page.text
    assert page.headers["referrer-policy"] == "no-referrer"
    assert bus.asked(identity.CONFIRM_CONTACT) == []


def test_the_link_is_followed_without_a_session(client: TestClient, bus: FakeBus) -> None:
    bus.session = None
    form = client.get(f"/adresse/{TOKEN}").text
    csrf = form.split('name="csrf" value="')[1].split('"')[0]
    answer = client.post(f"/adresse/{TOKEN}", data={"csrf": csrf})
    assert "Adresse de contact confirmée" in answer.text
    assert [asked.token_hash for asked in bus.asked(identity.CONFIRM_CONTACT)] == [token_hash(TOKEN)]
    assert client.post(f"/adresse/{TOKEN}", data={"csrf": "x"}).status_code == 403


@pytest.mark.parametrize("method", [identity.GET_CONTACT_LINK, identity.CONFIRM_CONTACT])
def test_a_dead_link_says_so(member: TestClient, csrf: str, bus: FakeBus, method) -> None:
    bus.refuse(method, errors.LinkInvalid())
    answer = (
        member.get(f"/adresse/{TOKEN}")
        if method is identity.GET_CONTACT_LINK
        else member.post(f"/adresse/{TOKEN}", data={"csrf": csrf})
    )
    assert answer.status_code == 404
    assert "Ce lien ne fonctionne plus" in answer.text
