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
