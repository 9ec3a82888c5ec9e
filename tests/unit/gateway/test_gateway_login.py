"""Logging in and out, the first login, the session's cookie and cache (S4 to S15, K15 to K17)."""

import base64
import re
from types import SimpleNamespace
from uuid import uuid4

import pytest
from conftest import ORIGIN, TOKEN
from espace_contracts import errors, identity
from fake_bus import FakeBus, session
from nacl.public import PrivateKey, SealedBox
from starlette.testclient import TestClient

from gateway.security import csrf_token, token_hash


def token_of(page: str) -> str:
    """The anti-forgery token of a page's form."""
    return re.search(r'name="csrf" value="([^"]+)"', page).group(1)


def log_in(client: TestClient, **more: str) -> object:
    """Fill in the login page and send it."""
    token = token_of(client.get("/connexion").text)
    return client.post("/connexion", data={"csrf": token, "identifiant": "paie", "mot-de-passe": "Abcdefg!"} | more)


@pytest.fixture
def nobody(client: TestClient, bus: FakeBus) -> TestClient:
    """A browser without session."""
    client.cookies.clear()
    return client


def test_s15_logging_in_opens_the_space_and_hands_out_a_fresh_token(nobody: TestClient, bus: FakeBus) -> None:
    answer = log_in(nobody)
    assert answer.status_code == 303
    assert answer.headers["location"] == "/accueil"
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Max-Age" not in cookie
    (asked,) = bus.asked(identity.OPEN_SESSION)
    assert asked.session.token_hash == token_hash(nobody.cookies["session"])


def test_k34_the_password_travels_sealed_for_identity_only(nobody: TestClient, bus: FakeBus) -> None:
    log_in(nobody, **{"mot-de-passe": "Tr&s-secret-Éà"})
    (asked,) = bus.asked(identity.OPEN_SESSION)
    assert "secret" not in asked.model_dump_json()
    opened = SealedBox(PrivateKey(b"k" * 32)).decrypt(base64.b64decode(asked.password))
    assert opened.decode() == "Tr&s-secret-Éà"


def test_s15_wrong_credentials_say_so_keep_the_identifier_and_nothing_else(nobody: TestClient, bus: FakeBus) -> None:
    bus.refuse(identity.OPEN_SESSION, errors.WrongCredentials())
    answer = log_in(nobody, identifiant="paie.tilleuls")
    assert answer.status_code == 422
    assert "Identifiant ou mot de passe incorrect." in answer.text
    assert 'value="paie.tilleuls"' in answer.text
    assert "Abcdefg!" not in answer.text
    assert "session" not in nobody.cookies


def test_k12_too_many_attempts_are_429_with_the_time_to_wait(nobody: TestClient, bus: FakeBus) -> None:
    bus.refuse(identity.OPEN_SESSION, errors.TooManyAttempts("", "30"))
    answer = log_in(nobody)
    assert answer.status_code == 429
    assert answer.headers["retry-after"] == "30"
    assert "Attendez 30 secondes" in answer.text


def test_k20_logging_in_returns_to_own_pages_only(nobody: TestClient) -> None:
    assert log_in(nobody, suite="/reglements?q=19GE").headers["location"] == "/reglements?q=19GE"
    nobody.cookies.delete("session")
    assert log_in(nobody, suite="https://evil.example/").headers["location"] == "/accueil"


def test_k17_logging_in_wants_the_token_of_this_browser(nobody: TestClient, bus: FakeBus) -> None:
    nobody.get("/connexion")
    form = {"csrf": csrf_token("somebody else's cookie"), "identifiant": "paie", "mot-de-passe": "x"}
    assert nobody.post("/connexion", data=form).status_code == 403
    assert nobody.post("/connexion", data=form | {"csrf": ""}).status_code == 403
    assert not bus.asked(identity.OPEN_SESSION)


def test_k17_another_site_is_refused_before_anything_is_read(member: TestClient, csrf: str, bus: FakeBus) -> None:
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}):
        assert member.post("/deconnexion", data={"csrf": csrf}, headers=headers).status_code == 403
    assert not bus.calls
    good = {"Sec-Fetch-Site": "same-origin", "Origin": ORIGIN}
    assert member.post("/deconnexion", data={"csrf": csrf}, headers=good).status_code == 303


def test_logging_out_ends_the_session_here_and_at_identity(member: TestClient, csrf: str, bus: FakeBus) -> None:
    answer = member.post("/deconnexion", data={"csrf": csrf})
    assert answer.headers["location"] == "/connexion"
    assert [one.token_hash for one in bus.asked(identity.CLOSE_SESSION)] == [token_hash(TOKEN)]
    assert 'session=""' in answer.headers["set-cookie"]


def test_k16_a_session_is_believed_for_some_seconds_until_it_ends(member: TestClient, bus: FakeBus) -> None:
    for _ in range(3):
        assert member.get("/compte").status_code == 200
    assert len(bus.asked(identity.CHECK_SESSION)) == 1
    account = session().account_id
    bus.session = None
    ended = SimpleNamespace(data=identity.SessionEnded(account_id=uuid4(), siret="73282932000074"))
    bus.listeners["SessionEnded.v1"](ended)
    assert member.get("/compte").status_code == 200  # somebody else's
    ended = SimpleNamespace(data=identity.SessionEnded(account_id=account, siret="73282932000074"))
    bus.listeners["SessionEnded.v1"](ended)
    assert member.get("/compte").status_code == 303


def test_k16_one_session_of_an_account_can_end_alone(member: TestClient, bus: FakeBus) -> None:
    member.get("/compte")
    bus.session = None
    facts = {"account_id": session().account_id, "siret": "73282932000074"}
    for hashed, status in ((token_hash("another"), 200), (token_hash(TOKEN), 303)):
        bus.listeners["SessionEnded.v1"](SimpleNamespace(data=identity.SessionEnded(token_hash=hashed, **facts)))
        assert member.get("/compte").status_code == status


def test_k16_a_lost_bus_forgets_every_session(member: TestClient, bus: FakeBus) -> None:
    member.get("/compte")
    bus.disconnected[0]()
    member.get("/compte")
    assert len(bus.asked(identity.CHECK_SESSION)) == 2


def test_s05_the_wizard_then_the_page_that_says_to_look_at_ones_mails(
    member: TestClient, csrf: str, bus: FakeBus
) -> None:
    bus.session = session("provisional", policy=False)
    assert "Nouvel identifiant" in member.get("/premiere-connexion").text
    form = {"csrf": csrf, "identifiant": "paie.tilleuls", "mot-de-passe": "Abcdefg!"}
    assert member.post("/premiere-connexion", data=form).status_code == 303
    page = member.get("/premiere-connexion").text
    assert "rh@clin…tilleuls.example" in page
    assert "paie.tilleuls" in page
    assert "Renvoyer le mail" in page
    assert "Nouvel identifiant" in member.get("/premiere-connexion?corriger=1").text


def test_s06_broken_rules_are_marked_one_by_one(member: TestClient, csrf: str, bus: FakeBus) -> None:
    bus.session = session("provisional", policy=False)
    bus.refuse(identity.PERSONALISE, errors.WeakPassword("", "uppercase,special"))
    form = {"csrf": csrf, "identifiant": "paie.tilleuls", "mot-de-passe": "abcdefgh"}
    answer = member.post("/premiere-connexion", data=form)
    assert answer.status_code == 422
    met = re.findall(r'<li data-rule="(\w+)" class="met">', answer.text)
    assert met == ["min_length"]
    assert 'value="paie.tilleuls"' in answer.text
    assert "abcdefgh" not in answer.text


@pytest.mark.parametrize(
    ("refusal", "words"),
    [
        (errors.IdentifierTaken(), "n’est pas disponible"),
        (errors.InvalidRequest("", "identifier"), "qui ne soit pas votre adresse mail"),
        (errors.WeakPassword("", "common"), "trop facile à deviner"),
    ],
)
def test_s05_refusals_stand_beside_their_field(
    member: TestClient, csrf: str, bus: FakeBus, refusal: errors.Refusal, words: str
) -> None:
    bus.session = session("provisional", policy=False)
    bus.refuse(identity.PERSONALISE, refusal)
    form = {"csrf": csrf, "identifiant": "x", "mot-de-passe": "y"}
    answer = member.post("/premiere-connexion", data=form)
    assert answer.status_code == 422
    assert words in answer.text
    assert 'aria-invalid="true"' in answer.text


def test_k08_looking_at_the_link_consumes_nothing_and_tells_nobody(client: TestClient, bus: FakeBus) -> None:
    bus.session = None
    answer = client.get("/confirmation/" + "t" * 43)
    assert answer.status_code == 200
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert [name for name, _ in bus.calls] == ["get_confirmation"]
    assert "t" * 43 not in bus.asked(identity.GET_CONFIRMATION)[0].model_dump_json()


def test_s10_s11_confirming_opens_a_session_and_offers_the_space(client: TestClient, bus: FakeBus) -> None:
    bus.session = None
    address = "/confirmation/" + "t" * 43
    form = {"csrf": token_of(client.get(address).text), "mot-de-passe": "Abcdefg!"}
    answer = client.post(address, data=form)
    assert answer.headers["location"] == "/confirmation"
    page = client.get("/confirmation").text
    assert "Accéder à mon espace personnel" in page
    assert 'href="/confidentialite"' in page


def test_s10_a_wrong_password_confirms_nothing_and_can_be_typed_again(client: TestClient, bus: FakeBus) -> None:
    bus.session = None
    bus.refuse(identity.CONFIRM_IDENTIFIER, errors.WrongCredentials())
    address = "/confirmation/" + "t" * 43
    answer = client.post(address, data={"csrf": token_of(client.get(address).text), "mot-de-passe": "x"})
    assert answer.status_code == 422
    assert "pas le mot de passe que vous avez choisi" in answer.text
    assert "session" not in client.cookies


def test_s09_a_used_or_expired_link_says_what_to_do(client: TestClient, bus: FakeBus) -> None:
    bus.session = None
    bus.refuse(identity.GET_CONFIRMATION, errors.LinkInvalid())
    answer = client.get("/confirmation/" + "t" * 43)
    assert answer.status_code == 404
    assert "Ce lien ne fonctionne plus" in answer.text


def test_s12_the_policy_is_accepted_knowingly(member: TestClient, csrf: str, bus: FakeBus) -> None:
    bus.session = session(policy=False)
    answer = member.post("/confidentialite", data={"csrf": csrf, "version": "2019-09-01"})
    assert answer.status_code == 422
    assert not bus.asked(identity.ACCEPT_PRIVACY_POLICY)
    answer = member.post("/confidentialite", data={"csrf": csrf, "version": "2019-09-01", "accord": "oui"})
    assert answer.headers["location"] == "/accueil"
    (asked,) = bus.asked(identity.ACCEPT_PRIVACY_POLICY)
    assert asked.policy_version == "2019-09-01"
    assert member.get("/accueil").status_code == 200


def test_the_login_page_links_to_pages_that_exist_only(client: TestClient, bus: FakeBus) -> None:
    bus.session = None
    page = client.get("/connexion").text
    for address in re.findall(r'href="(/[^"#]*)"', page):
        if not address.startswith("/static/"):
            assert client.get(address).status_code in (200, 303), address


def test_k16_without_script_the_page_says_when_the_session_ends(member: TestClient) -> None:
    page = member.get("/accueil").text
    assert re.search(r'class="[^"]*session-end">Sans activité de votre part, la session se ferme le', page)


def test_k13_the_wizard_says_how_long_to_wait_and_keeps_the_wish(client: TestClient, bus: FakeBus) -> None:
    bus.session = session("provisional", policy=False)
    client.cookies.set("session", TOKEN)
    bus.refuse(identity.PERSONALISE, errors.TooManyAttempts("wait", "4"))
    typed = {"csrf": csrf_token(TOKEN), "identifiant": "fournil", "mot-de-passe": "Secret&2019"}
    answer = client.post("/premiere-connexion", data=typed)
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "4")
    assert "Attendez 4 secondes" in answer.text
    assert 'value="fournil"' in answer.text
