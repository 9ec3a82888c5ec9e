"""What operators see of the gateway: not on the portal's port, and nothing personal (K40)."""

import re
from collections.abc import Iterator

import pytest
from espace_contracts import errors, payments
from starlette.testclient import TestClient

from chassis import metrics, tracing
from gateway.app import create_app
from gateway.operators_pages import Leaving, readiness
from tests.doubles.bus import FakeBus
from tests.doubles.portal import NAMES, ORIGIN, settings


def counted() -> str:
    return metrics.page()[0].decode()


def test_k40_metrics_are_not_on_the_portals_port(client: TestClient) -> None:
    assert client.get("/metrics").status_code == 404


def test_requests_are_counted_by_the_template_of_their_route(member: TestClient) -> None:
    member.get("/dossiers/19GE00565")
    member.get("/chemin/de/12345678900011")
    member.get("/static/build/nothing.css")
    page = counted()
    assert 'espace_http_request_seconds_count{method="GET",route="/dossiers/{number:path}",status="200"}' in page
    assert 'route="(none)",status="404"' in page
    assert 'route="/static/build/*",status="404"' in page
    assert "19GE00565" not in page
    assert "12345678900011" not in page
    assert "nothing.css" not in page


def test_a_method_that_nobody_knows_makes_no_label_of_its_own(member: TestClient) -> None:
    member.request("BREW", "/reglements")
    assert "BREW" not in counted()
    assert 'method="other"' in counted()


def test_in_flight_is_zero_between_requests_even_after_an_incident(member: TestClient, bus: FakeBus) -> None:
    bus.refuse(payments.LIST_PAYMENTS, RuntimeError("unforeseen"))
    assert member.get("/reglements").status_code == 500
    assert "espace_http_requests_in_flight 0.0" in counted()


def test_readiness_tells_the_brokers_state_and_its_age(bus: FakeBus) -> None:
    page, ready = readiness(bus, Leaving())
    assert ready
    assert page["dependencies"]["broker"]["state"] == "up"
    assert page["dependencies"]["broker"]["for_seconds"] >= 0
    bus.connected = False
    page, ready = readiness(bus, Leaving())
    assert (page["status"], ready) == ("unready", False)


@pytest.fixture
def leaving_client(bus: FakeBus) -> Iterator[TestClient]:
    app = create_app(settings(), bus, manifest={name: name for name in NAMES})
    app.state.leaving.begun = True
    with TestClient(app, base_url=ORIGIN, follow_redirects=False) as client:
        yield client


def test_r15_a_process_that_leaves_answers_turns_the_balancer_away_and_ends_kept_connections(
    leaving_client: TestClient,
) -> None:
    assert leaving_client.get("/readyz").status_code == 503
    assert leaving_client.get("/healthz").status_code == 200
    page = leaving_client.get("/connexion")
    assert page.status_code == 200
    assert page.headers["connection"] == "close"


def test_the_trace_of_a_request_goes_along_with_its_calls_and_its_answer(member: TestClient, bus: FakeBus) -> None:
    seen: list[str | None] = []
    asked = bus.call

    async def call(method, request):
        seen.append(tracing.trace_id())
        return await asked(method, request)

    bus.call = call
    caller = "00-" + "ab" * 16 + "-" + "cd" * 8 + "-01"
    answer = member.get("/reglements", headers={"traceparent": caller})
    assert set(seen) == {"ab" * 16}
    assert answer.headers["x-request-id"] == "ab" * 16
    assert tracing.current() is None
    made = member.get("/reglements", headers={"traceparent": "00-" + "0" * 32 + "-" + "cd" * 8 + "-01"})
    assert re.fullmatch(r"[0-9a-f]{32}", made.headers["x-request-id"])
    assert made.headers["x-request-id"] != "0" * 32


def test_a_refusal_is_an_answer_and_counts_by_its_status(member: TestClient, bus: FakeBus) -> None:
    bus.refuse(payments.LIST_PAYMENTS, errors.Unavailable("payments.list_payments"))
    member.get("/reglements")
    assert 'route="/reglements",status="503"' in counted()
