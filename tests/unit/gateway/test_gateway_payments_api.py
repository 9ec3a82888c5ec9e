"""The API's ticks of many payments and its exports."""

from uuid import UUID

import pytest
from conftest import Store
from espace_contracts import errors
from espace_contracts import payments as api
from fake_bus import FakeBus
from starlette.testclient import TestClient

JOB = UUID(int=7)


@pytest.fixture
def headers(csrf: str) -> dict[str, str]:
    """What a program sends with each write."""
    return {"X-CSRF-Token": csrf, "Idempotency-Key": "one"}


def test_s32_a_search_is_ticked_and_taken_back(member: TestClient, bus: FakeBus, headers: dict[str, str]) -> None:
    answer = member.post("/api/v1/payments/ticks", json={"search": {"text": "18RCDI"}}, headers=headers)
    assert sorted(answer.json()["changed"]) == ["803090", "803455"]
    (asked,) = bus.asked(api.TICK_PAYMENTS)
    assert (asked.idempotency_key, asked.search.text) == ("one", "18RCDI")
    undone = member.delete(f"/api/v1/payments/ticks/{answer.json()['batch']}", headers=headers)
    assert sorted(undone.json()["changed"]) == ["803090", "803455"]
    assert not bus.ticks


def test_s32_named_payments_are_ticked_together(member: TestClient, bus: FakeBus, headers: dict[str, str]) -> None:
    member.post("/api/v1/payments/ticks", json={"payment_numbers": ["803455", "806112"]}, headers=headers)
    assert set(bus.ticks) == {"803455", "806112"}


@pytest.mark.parametrize("body", [{}, {"payment_numbers": ["803455"], "search": {}}, {"unheard": 1}, {"search": 1}])
def test_what_fits_no_contract_is_refused(
    member: TestClient, bus: FakeBus, headers: dict[str, str], body: dict[str, object]
) -> None:
    assert member.post("/api/v1/payments/ticks", json=body, headers=headers).status_code == 422
    assert not bus.ticks


def test_a_key_used_for_another_body_is_refused(member: TestClient, bus: FakeBus, headers: dict[str, str]) -> None:
    bus.refuse(api.TICK_PAYMENTS, errors.KeyReused())
    answer = member.post("/api/v1/payments/ticks", json={"search": {}}, headers=headers)
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/idempotency_key_reused")


def test_k17_writes_want_the_token(member: TestClient) -> None:
    assert member.post("/api/v1/payments/ticks", json={"search": {}}).status_code == 403
    assert member.post("/api/v1/payments/exports", json={}).status_code == 403


def test_s33_a_short_export_is_the_answer(
    member: TestClient, bus: FakeBus, store: Store, headers: dict[str, str]
) -> None:
    store.objects["/x"] = b"a;b"
    file = api.ExportedFile(url=f"{store.url}/x", file_name="r.csv", media_type="text/csv; charset=utf-8", size=3)
    bus.export_payments = lambda request: api.Export(state="ready", done=8, total=8, file=file)
    answer = member.post("/api/v1/payments/exports", json={"format": "csv"}, headers=headers)
    assert (answer.status_code, answer.content) == (200, b"a;b")
    (asked,) = bus.asked(api.EXPORT_PAYMENTS)
    assert (asked.format, asked.legal_name, asked.idempotency_key) == ("csv", "Clinique des Tilleuls", "one")


def test_s33_a_long_export_is_a_job(member: TestClient, bus: FakeBus, store: Store, headers: dict[str, str]) -> None:
    bus.export = api.Export(state="running", job_id=JOB, done=1, total=9)
    bus.export_payments = lambda request: bus.export
    answer = member.post("/api/v1/payments/exports", json={}, headers=headers)
    where = answer.headers["location"]
    assert (answer.status_code, where) == (202, f"/api/v1/payments/exports/{JOB}")
    assert member.get(where).json() == {"job_id": str(JOB), "state": "running", "done": 1, "total": 9}
    assert member.get(f"{where}/content").status_code == 409
    store.objects["/x"] = b"PK"
    file = api.ExportedFile(url=f"{store.url}/x", file_name="r.xlsx", media_type="application/zip", size=2)
    bus.export = api.Export(state="ready", job_id=JOB, done=9, total=9, file=file)
    assert store.url not in member.get(where).text, "the store's own addresses stay inside"
    assert member.get(f"{where}/content").content == b"PK"
    assert member.get(f"/api/v1/payments/exports/{UUID(int=8)}").status_code == 404


def test_s30_the_query_of_the_list_is_the_search_of_the_service(member: TestClient, bus: FakeBus) -> None:
    query = {"paid_from": "2019-12-01", "worked_to": "2019-12-31", "text": "18RCDI", "ticked": "false"}
    answer = member.get("/api/v1/payments", params=query | {"limit": "7", "cursor": "next", "unheard": "1"})
    assert answer.status_code == 200
    (asked,) = bus.asked(api.LIST_PAYMENTS)
    assert asked.search.model_dump(mode="json", exclude_none=True) == query | {"ticked": False}
    assert (asked.limit, asked.cursor) == (7, "next")


@pytest.mark.parametrize(
    "fault", ["paid_from=0", "paid_to=2019-13-01", "worked_from=", "ticked=0", "limit=0", "limit=501", "cursor="]
)
def test_a_query_that_fits_no_contract_names_its_member(member: TestClient, bus: FakeBus, fault: str) -> None:
    answer = member.get(f"/api/v1/payments?{fault}")
    told = answer.json()
    assert (answer.status_code, told["type"], told["fields"]) == (
        422,
        "/problems/invalid_request",
        [fault.split("=")[0]],
    )
    assert not bus.asked(api.LIST_PAYMENTS)


def test_strangers_hear_nothing_of_what_is_wrong_with_a_query(client: TestClient) -> None:
    assert client.get("/api/v1/payments?limit=0").status_code == 401
