"""The API's deposits and their changes (S40 to S50)."""

from typing import Any

import pytest
from conftest import Store
from espace_contracts import documents as api
from espace_contracts import errors
from fake_bus import GENERAL, FakeBus
from starlette.testclient import TestClient
from test_gateway_deposit_by_script import streaming
from test_gateway_documents_pages import PDF

__all__ = ["streaming"]
HOME = f"/api/v1/documents/{GENERAL[0].document_id}"
FILE = {"file_name": "rib.pdf", "size": len(PDF)}


@pytest.fixture
def headers(csrf: str) -> dict[str, str]:
    """What a program sends with each write."""
    return {"X-CSRF-Token": csrf, "Idempotency-Key": "one"}


@pytest.fixture
def changing(bus: FakeBus) -> FakeBus:
    """A documents service that changes whatever it is asked to."""
    bus.delete_document = bus.restore_document = bus.recategorise_document = lambda request: GENERAL[0]
    bus.list_deleted_documents = lambda request: api.Documents(documents=GENERAL[:1])
    return bus


def test_s40_s41_a_program_announces_a_file_and_sends_it(
    member: TestClient, headers: dict[str, str], streaming: FakeBus, store: Store
) -> None:
    begun = member.post("/api/v1/documents", json=FILE | {"category": "bank_details"}, headers=headers)
    assert (begun.status_code, begun.json()["size"]) == (201, len(PDF))
    (asked,) = streaming.asked(api.BEGIN_DEPOSIT)
    assert (asked.category, asked.idempotency_key, asked.actor.name) == ("bank_details", "one", "paie.tilleuls")
    sent = member.put(begun.json()["content"], content=PDF, headers=headers)
    assert (sent.status_code, sent.json()["document_id"]) == (201, str(GENERAL[0].document_id))
    assert store.objects == {"/object": PDF}
    cut = member.put(begun.json()["content"], content=PDF[:-1], headers=headers)
    assert (cut.status_code, cut.json()["type"]) == (409, "/problems/upload_cut")


@pytest.mark.parametrize(
    ("reason", "status"), [("too_large", 413), ("wrong_type", 415), ("encrypted", 422), ("quota", 422)]
)
def test_k21_a_refused_file_has_its_status_and_its_reason(
    member: TestClient, headers: dict[str, str], streaming: FakeBus, reason: str, status: int
) -> None:
    streaming.refuse(api.BEGIN_DEPOSIT, errors.FileRefused("", reason))
    answer = member.post("/api/v1/documents", json=FILE | {"category": "bank_details"}, headers=headers)
    assert (answer.status_code, answer.json()["fields"]) == (status, [reason])


@pytest.mark.parametrize(
    "body", [{}, FILE, FILE | {"category": "x", "unheard": 1}, FILE | {"category": "x", "size": -1}]
)
def test_what_fits_no_contract_is_refused(
    member: TestClient, headers: dict[str, str], streaming: FakeBus, body: dict[str, Any]
) -> None:
    assert member.post("/api/v1/documents", json=body, headers=headers).status_code == 422
    assert not streaming.asked(api.BEGIN_DEPOSIT)


def test_s48_s49_an_own_document_is_changed_deleted_and_restored(
    member: TestClient, headers: dict[str, str], changing: FakeBus
) -> None:
    described = {"category": "letter", "label": "Objet"}
    assert member.patch(HOME, json=described, headers=headers).json()["document_id"] == str(GENERAL[0].document_id)
    assert member.delete(HOME, headers=headers).status_code == 200
    assert member.get("/api/v1/documents?deleted=true").json()["items"][0]["title"] == "RIB 2020"
    assert member.post(f"{HOME}/restoration", headers=headers).status_code == 200
    for method in (api.RECATEGORISE_DOCUMENT, api.DELETE_DOCUMENT, api.RESTORE_DOCUMENT):
        (asked,) = changing.asked(method)
        assert (asked.document_id, asked.idempotency_key) == (GENERAL[0].document_id, "one")


@pytest.mark.parametrize(
    ("refusal", "status"),
    [(errors.NotAllowed(), 403), (errors.Conflict("", "handling"), 409), (errors.NotFound(), 404)],
)
def test_s50_what_may_not_change_is_refused_with_the_reason(
    member: TestClient, headers: dict[str, str], changing: FakeBus, refusal: errors.Refusal, status: int
) -> None:
    for method in (api.RECATEGORISE_DOCUMENT, api.DELETE_DOCUMENT, api.RESTORE_DOCUMENT):
        changing.refuse(method, refusal)
    answers = (
        member.patch(HOME, json={"category": "letter"}, headers=headers),
        member.delete(HOME, headers=headers),
        member.post(f"{HOME}/restoration", headers=headers),
    )
    assert [answer.status_code for answer in answers] == [status] * 3
    assert answers[0].json()["type"] == f"/problems/{refusal.code}"


def test_k17_every_write_wants_the_token(member: TestClient, changing: FakeBus) -> None:
    for method, path in (
        ("POST", "/api/v1/documents"),
        ("PUT", f"{HOME}/content"),
        ("PATCH", HOME),
        ("DELETE", HOME),
        ("POST", f"{HOME}/restoration"),
    ):
        assert member.request(method, path, json=FILE | {"category": "letter"}).status_code == 403
    assert {name for name, _ in changing.calls} == {"check_session"}
