"""What people and programs see when something does not work (K18, K20, RFC 9457)."""

import pytest
from conftest import TOKEN
from espace_contracts import documents, errors, identity, payments
from fake_bus import FakeBus
from starlette.testclient import TestClient
from structlog.testing import capture_logs


def test_k18_headers_of_every_page(member: TestClient) -> None:
    for path in ("/reglements", "/connexion", "/n-importe-quoi", "/api/v1/payments"):
        headers = member.get(path).headers
        policy = headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'")
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == "no-store"
        assert "geolocation=()" in headers["permissions-policy"]
        assert len(headers["x-request-id"]) == 32


def test_k18_pages_carry_no_inline_script_style_or_handler(member: TestClient) -> None:
    for path in ("/accueil", "/reglements", "/documents/ajouter?categorie=payslip", "/dossiers/19GE00565"):
        page = member.get(path).text
        for sign in ("<style", "style=", "<script>", "onclick", "onchange", "javascript:", "hx-on", "js:"):
            assert sign not in page, (path, sign)


@pytest.mark.parametrize("path", ["/n-importe-quoi", "/documents/pas-un-uuid/contenu", "/dossiers/INCONNU"])
def test_k20_unknown_things_are_404_in_french(member: TestClient, path: str) -> None:
    answer = member.get(path)
    assert answer.status_code == 404
    assert "Cette page n’existe pas" in answer.text


def test_the_bus_being_away_is_503_with_the_time_to_come_back(member: TestClient, bus: FakeBus) -> None:
    bus.refuse(payments.LIST_PAYMENTS, errors.Unavailable("payments.list_payments"))
    answer = member.get("/reglements")
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "5"
    assert "momentanément indisponible" in answer.text
    assert "payments.list_payments" not in answer.text


def test_identity_being_away_is_503_as_well_and_the_page_still_draws(member: TestClient, bus: FakeBus) -> None:
    bus.refuse(identity.CHECK_SESSION, errors.Unavailable())
    assert member.get("/reglements").status_code == 503
    assert member.get("/api/v1/payments").json()["type"] == "/problems/unavailable"


def test_r12_the_page_of_an_outage_does_not_ask_once_more(member: TestClient, bus: FakeBus) -> None:
    bus.refuse(identity.CHECK_SESSION, errors.Unavailable())
    assert member.get("/reglements").status_code == 503
    assert len(bus.asked(identity.CHECK_SESSION)) == 1


def test_k20_an_incident_shows_its_reference_and_nothing_else(member: TestClient, bus: FakeBus) -> None:
    bus.refuse(payments.LIST_PAYMENTS, errors.Incident("7F3A91C2"))
    answer = member.get("/reglements")
    assert answer.status_code == 500
    assert "7F3A91C2" in answer.text
    assert "Traceback" not in answer.text


def test_k20_an_own_failure_is_logged_under_the_reference_that_is_shown(member: TestClient, bus: FakeBus) -> None:
    bus.refuse(payments.LIST_PAYMENTS, RuntimeError("SELECT secret"))
    with capture_logs() as lines:
        answer = member.get("/reglements")
    assert answer.status_code == 500
    assert "secret" not in answer.text
    (line,) = [one for one in lines if one["event"] == "gateway_incident"]
    assert line["reference"] in answer.text
    assert answer.headers["content-security-policy"]


def test_k08_the_access_log_holds_no_token_and_no_search(client: TestClient, bus: FakeBus) -> None:
    with capture_logs() as lines:
        client.get("/confirmation/" + "secret-token-" * 3)
        client.cookies.set("session", TOKEN)
        client.get("/reglements?q=MARTIN")
    said = str(lines)
    assert "secret-token" not in said
    assert "MARTIN" not in said
    assert TOKEN not in said
    assert {"/confirmation/***", "/reglements"} <= {one["path"] for one in lines if one["event"] == "http_request"}


@pytest.mark.parametrize(
    ("refusal", "status", "code"),
    [
        (errors.NotFound(), 404, "not_found"),
        (errors.NotAllowed(), 403, "not_allowed"),
        (errors.Conflict(), 409, "conflict"),
        (errors.InvalidRequest("bad", "siret"), 422, "invalid_request"),
        (errors.DeadlineExceeded(), 503, "deadline_exceeded"),
        (errors.TooManyAttempts("", "7"), 429, "too_many_attempts"),
        (errors.SessionInvalid(), 401, "session_invalid"),
        (errors.Unavailable(), 503, "unavailable"),
        (errors.Incident("ABCD"), 500, "incident"),
    ],
)
def test_the_api_answers_problems_with_stable_types(
    member: TestClient, bus: FakeBus, refusal: Exception, status: int, code: str
) -> None:
    bus.refuse(payments.LIST_PAYMENTS, refusal)
    answer = member.get("/api/v1/payments")
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert body["type"] == f"/problems/{code}"
    assert body["status"] == status
    assert ("retry-after" in answer.headers) == (status in (429, 503))


def test_the_api_names_faulty_members(member: TestClient) -> None:
    answer = member.get("/api/v1/payments?paid_from=hier&limit=0")
    assert answer.status_code == 422
    assert answer.json()["fields"] == ["paid_from", "limit"]
    assert member.get("/api/v1/nothing").json()["type"] == "/problems/not_found"
    assert member.get("/api/v1/documents/not-a-uuid").status_code == 404
    assert member.request("PATCH", "/api/v1/payments").json()["type"] == "/problems/method_not_allowed"


def test_the_api_needs_its_token_to_change_anything(member: TestClient, csrf: str, bus: FakeBus) -> None:
    address = "/api/v1/payments/803455/tick"
    assert member.put(address).json()["type"] == "/problems/forged"
    assert not bus.asked(payments.TICK_PAYMENTS)
    assert member.put(address, headers={"X-CSRF-Token": csrf}).json()["changed"] == ["803455"]
    assert member.put(address, headers={"X-CSRF-Token": csrf}).json()["changed"] == []
    assert member.delete(address, headers={"X-CSRF-Token": csrf}).json()["changed"] == ["803455"]
    missing = member.put("/api/v1/payments/1/tick", headers={"X-CSRF-Token": csrf})
    assert missing.json()["type"] == "/problems/not_found"


def test_the_apis_session_gives_the_token_it_wants_back(client: TestClient, bus: FakeBus) -> None:
    answer = client.post("/api/v1/session", json={"identifier": "paie", "password": "Abcdefg!"})
    assert answer.status_code == 201
    token = answer.json()["csrf_token"]
    assert client.get("/api/v1/session").json()["csrf_token"] == token
    assert client.delete("/api/v1/session", headers={"X-CSRF-Token": token}).status_code == 204
    bus.session = None
    assert client.get("/api/v1/session").status_code == 401


def test_the_apis_lists(member: TestClient) -> None:
    listed = member.get("/api/v1/payments").json()
    assert listed["totals"]["amount"] == "29760.15"
    assert [one["payment_number"] for one in listed["items"]][:2] == ["806112", "806113"]
    assert {one["title"] for one in member.get("/api/v1/documents").json()["items"]} == {
        "RIB 2020", "Informations tarifaires 2020",
    }  # fmt: skip
    assert len(member.get("/api/v1/dossiers?text=audrey").json()["items"]) == 2
    assert len(member.get("/api/v1/dossiers/19GE00565/documents").json()["items"]) == 2
    assert member.get("/api/v1/dossiers/19GE00565/documents").json()["next_cursor"] is None
    assert len(member.get("/api/v1/categories").json()["items"]) == 2


def test_openapi_describes_the_api_and_no_page(client: TestClient) -> None:
    schema = client.get("/api/v1/openapi.json").json()
    assert schema["openapi"].startswith("3.1")
    assert all(path.startswith("/api/v1/") for path in schema["paths"])
    assert set(schema["paths"]["/api/v1/payments/{payment_number}/tick"]) == {"put", "delete"}


def test_s54_a_document_of_somebody_else_is_not_found(member: TestClient, bus: FakeBus) -> None:
    bus.refuse(documents.GET_DOCUMENT, errors.NotFound())
    assert member.get("/documents/0d5b9a4e-3f0e-4a38-9f4e-9f2f0a3c2b11/depose").status_code == 404


def test_alive_and_ready_are_two_things(client: TestClient, bus: FakeBus) -> None:
    bus.connected = False
    assert client.get("/healthz").status_code == 200
    assert client.get("/readyz").status_code == 503
    bus.connected = True
    assert client.get("/readyz").status_code == 200
