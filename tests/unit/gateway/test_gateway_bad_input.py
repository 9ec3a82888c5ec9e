"""What hostile people send over HTTP: a French page with the right status, nothing of it taken literally (K20)."""

import re

import pytest
from espace_contracts import errors, identity
from fake_bus import FakeBus, session
from starlette.testclient import TestClient

from gateway.security import csrf_token

TOKEN = "another-session-token-0123456789abcdefghijkl"
HOSTILE = {
    "nul": "paie\x00.tilleuls",
    "bidi": "paie\u202e.tilleuls",
    "sql": "' or 1=1; drop table accounts; --",
    "header": "paie\r\nSet-Cookie: session=stolen",
    "markup": '"><script>alert(1)</script>',
    "template": "{{ 7 * 7 }}${7*7}",
    "long": "x" * 100_000,
}
LINK = "t" * 43
FORMS = {  # path: the stage that it is for, its fields, the refusal of identity
    "/connexion": (None, ("identifiant", "mot-de-passe", "suite"), (identity.OPEN_SESSION, errors.WrongCredentials())),
    "/mot-de-passe-oublie": (None, ("identifiant",), None),
    "/identifiant-oublie": (None, ("adresse",), None),
    f"/confirmation/{LINK}": (None, ("mot-de-passe",), (identity.CONFIRM_IDENTIFIER, errors.WrongCredentials())),
    f"/reinitialisation/{LINK}": (
        None,
        ("identifiant", "mot-de-passe", "repetition", "robot", "code"),
        (identity.RESET_PASSWORD, errors.ResetRefused("", "identifier,robot")),
    ),
    "/premiere-connexion": (
        session("provisional", policy=False),
        ("identifiant", "mot-de-passe"),
        (identity.PERSONALISE, errors.InvalidRequest("", "identifier")),
    ),
    "/compte/adresse": (
        session(),
        ("adresse", "mot-de-passe"),
        (identity.REQUEST_CONTACT_CHANGE, errors.WrongCredentials()),
    ),
}


def send(client: TestClient, bus: FakeBus, path: str, text: str) -> object:
    """The form of *path*, each of its fields filled in with *text*."""
    stage, fields, refusal = FORMS[path]
    bus.session = stage
    if stage:
        client.cookies.set("session", TOKEN)
        csrf = csrf_token(TOKEN)
    else:
        csrf = re.search(r'name="csrf" value="([^"]+)"', client.get("/connexion").text).group(1)
    if refusal:
        bus.refuse(*refusal)
    return client.post(path, data=dict.fromkeys(fields, text) | {"csrf": csrf})


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("path", FORMS)
def test_every_form_answers_in_french_and_repeats_it_as_text(
    client: TestClient, bus: FakeBus, path: str, text: str
) -> None:
    answer = send(client, bus, path, text)
    neutral = path in ("/mot-de-passe-oublie", "/identifiant-oublie")  # noted alike, whatever was typed (K13)
    assert answer.status_code == (200 if neutral else 422)
    assert '<html lang="fr">' in answer.text
    assert "<script>alert" not in answer.text
    assert "49" not in re.findall(r'value="([^"]*)"', answer.text)
    assert "stolen" not in str(answer.headers)
    assert len(answer.text) < 60_000


@pytest.mark.parametrize("path", FORMS)
def test_ten_megabytes_are_refused_before_anybody_is_asked(client: TestClient, bus: FakeBus, path: str) -> None:
    answer = send(client, bus, path, "x" * 10_000_000)
    assert answer.status_code == 413
    assert '<html lang="fr">' in answer.text
    assert {name for name, _ in bus.calls} <= {"check_session"}


@pytest.mark.parametrize("agent", ["x" * 8_000, "\u00e9\u00e8", "a\x7fb"])
def test_a_strange_browser_name_is_cut_not_refused(client: TestClient, bus: FakeBus, agent: str) -> None:
    bus.session = None
    csrf = re.search(r'name="csrf" value="([^"]+)"', client.get("/connexion").text).group(1)
    typed = {"csrf": csrf, "identifiant": "paie", "mot-de-passe": "Secret&2019"}
    answer = client.post("/connexion", data=typed, headers={"User-Agent": agent.encode()})
    assert answer.status_code == 303
    assert len(bus.asked(identity.OPEN_SESSION)[0].session.user_agent) <= 400


@pytest.mark.parametrize("token", ["x", "%00", "..%2f..%2fetc%2fpasswd", "x" * 3_000, "%E2%80%AE"])
@pytest.mark.parametrize("place", ["confirmation", "reinitialisation", "adresse"])
def test_k07_a_link_that_is_none_is_a_french_404(client: TestClient, bus: FakeBus, place: str, token: str) -> None:
    bus.session = None
    for method in (identity.GET_CONFIRMATION, identity.GET_RESET_LINK, identity.GET_CONTACT_LINK):
        bus.refuse(method, errors.LinkInvalid())
    answer = client.get(f"/{place}/{token}")
    assert answer.status_code == 404
    assert '<html lang="fr">' in answer.text
    assert "etc/passwd" not in answer.text
