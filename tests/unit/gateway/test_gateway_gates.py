"""Each route knows whom it is for: generated from the route table, so that none is forgotten (S4, S12, K19, K29)."""

from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import pytest
from espace_contracts import identity
from espace_contracts.rpc import GATEWAY
from fake_bus import FakeBus, session
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from starlette.testclient import TestClient

from gateway import api, pages
from gateway.security import csrf_token
from gateway.session import Gate, Stage, place_of

TOKEN = "another-session-token-0123456789abcdefghijkl"
STAGES = {
    Stage.ANONYMOUS: None,
    Stage.FIRST_LOGIN: session("provisional", policy=False),
    Stage.POLICY: session(policy=False),
    Stage.MEMBER: session(),
}
# What is for everybody, written out: a new route that opens itself to all has to be named here
OPEN_PAGES = {
    "/", "/connexion", "/deconnexion", "/confirmation/{token}", "/confidentialite", "/mentions-legales", "/accessibilite",
    "/mot-de-passe-oublie", "/identifiant-oublie", "/robot/defi", "/reinitialisation/{token}", "/reinitialisation/{token}/code",
    "/adresse/{token}",
}  # fmt: skip
OPEN_API = {"/api/v1/session", "/api/v1/openapi.json", "/api/v1/docs"}


def gates_of(dependant: Dependant) -> Iterator[Gate]:
    """The gates among a route's dependencies."""
    if isinstance(dependant.call, Gate):
        yield dependant.call
    for inner in dependant.dependencies:
        yield from gates_of(inner)


def walked(router: object, prefix: str = "") -> Iterator[tuple[str, str, Gate]]:
    """Method, path and gate of every route."""
    for route in router.routes:
        if isinstance(route, APIRoute):
            gates = list(gates_of(route.dependant))
            assert len(gates) == 1, f"{route.path} must say whom it is for, once"
            for method in sorted(route.methods or ()):
                yield method, prefix + route.path, gates[0]
        else:
            yield from walked(route.original_router, prefix + route.include_context.prefix)


ROUTES = [*walked(pages.router), *walked(api.router)]
IDS = [f"{method} {path}" for method, path, _gate in ROUTES]


def filled(path: str) -> str:
    """*path* with something in its places."""
    for name, value in {
        "{document_id}": str(uuid4()),
        "{session_id}": str(uuid4()),
        "{number:path}": "19GE00565",
        "{number}": "19GE00565",
    }.items():
        path = path.replace(name, value)
    return path.replace("{token}", "t" * 43)


@pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.value)
@pytest.mark.parametrize(("method", "path", "gate"), ROUTES, ids=IDS)
def test_k29_every_route_sends_others_where_they_belong(
    client: TestClient, bus: FakeBus, method: str, path: str, gate: Gate, stage: Stage
) -> None:
    bus.session = STAGES[stage]
    client.cookies.set("session", TOKEN)
    answer = client.request(method, filled(path), headers={"X-CSRF-Token": csrf_token(TOKEN)})
    if stage in gate.stages:
        assert answer.status_code not in (401, 303) or path in OPEN_PAGES
        return
    if gate.api:
        assert answer.status_code == (401 if stage is Stage.ANONYMOUS else 403)
        assert answer.headers["content-type"] == "application/problem+json"
        return
    assert answer.status_code == 303
    assert answer.headers["location"].split("?")[0] == place_of(stage)


@pytest.mark.parametrize(("method", "path", "gate"), ROUTES, ids=IDS)
def test_s12_nothing_opens_to_everybody_unless_it_is_named_here(method: str, path: str, gate: Gate) -> None:
    is_open = Stage.ANONYMOUS in gate.stages
    assert is_open == (path in OPEN_PAGES | OPEN_API and not (path == "/api/v1/session" and method != "POST")
                       and (path, method) != ("/confidentialite", "POST"))  # fmt: skip


def test_s04_provisional_credentials_open_the_wizard_only(client: TestClient, bus: FakeBus) -> None:
    bus.session = STAGES[Stage.FIRST_LOGIN]
    client.cookies.set("session", TOKEN)
    assert client.get("/reglements").headers["location"] == "/premiere-connexion"
    assert client.get("/premiere-connexion").status_code == 200
    assert client.post("/reglements/pointage", data={"csrf": csrf_token(TOKEN)}).status_code == 303
    assert not [name for name, _ in bus.calls if name != "check_session"]


def test_anonymous_people_come_back_to_their_page(client: TestClient, bus: FakeBus) -> None:
    bus.session = None
    answer = client.get("/reglements?q=19GE")
    assert answer.headers["location"] == "/connexion?suite=%2Freglements%3Fq%3D19GE"
    assert 'name="suite" value="/reglements?q=19GE"' in client.get(answer.headers["location"]).text


@pytest.mark.parametrize(
    ("referer", "back"),
    [
        ("http://127.0.0.1:8000/documents/ajouter?categorie=payslip", "/documents/ajouter?categorie=payslip"),
        ("https://elsewhere.example/documents/ajouter", "/documents"),
        ("http://127.0.0.1:8000//elsewhere.example", "/documents"),
        ("", "/documents"),
    ],
)
def test_k20_a_form_that_was_sent_too_late_comes_back_to_its_own_page(
    client: TestClient, bus: FakeBus, referer: str, back: str
) -> None:
    bus.session = None
    answer = client.post("/documents/ajouter", headers={"Referer": referer})
    assert parse_qs(urlsplit(answer.headers["location"]).query) == {"suite": [back]}


def test_a_script_of_a_page_learns_that_the_session_is_over(client: TestClient, bus: FakeBus) -> None:
    bus.session = None
    answer = client.post("/reglements/pointage", headers={"HX-Request": "true"})
    assert answer.status_code == 401
    assert answer.headers["hx-redirect"].startswith("/connexion")


def test_a_disabled_account_is_nobody(client: TestClient, bus: FakeBus) -> None:
    bus.session = session("disabled")
    client.cookies.set("session", TOKEN)
    assert client.get("/accueil").headers["location"].startswith("/connexion")


def test_s01_the_gateway_may_create_no_account(client: TestClient) -> None:
    assert GATEWAY not in identity.CREATE_ACCOUNT.callers
    assert not [path for _method, path, _gate in ROUTES if "inscription" in path or path.endswith("/accounts")]


def test_k19_the_policy_blocks_every_page_and_its_acceptance_alone_opens_them(client: TestClient, bus: FakeBus) -> None:
    bus.session = STAGES[Stage.POLICY]
    client.cookies.set("session", TOKEN)
    insides = [
        path for method, path, gate in ROUTES if method == "GET" and gate.stages == {Stage.MEMBER} and not gate.api
    ]
    assert len(insides) > 5
    assert {client.get(filled(path)).headers["location"] for path in insides} == {"/confidentialite"}
    accepted = client.post("/confidentialite", data={"csrf": csrf_token(TOKEN), "accord": "on"})
    assert accepted.status_code == 303
    (asked,) = bus.asked(identity.ACCEPT_PRIVACY_POLICY)
    assert asked.policy_version
    assert client.get("/accueil").status_code == 200
