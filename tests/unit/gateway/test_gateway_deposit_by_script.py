"""A deposit by the page's script: announced, then streamed on to the store (S40, S41, K21)."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import pytest
from conftest import Store
from espace_contracts import documents as api
from espace_contracts import errors
from fake_bus import GENERAL, FakeBus
from starlette.requests import ClientDisconnect
from starlette.testclient import TestClient
from test_gateway_documents_pages import PDF, THEN, form_of

from gateway.files import Files, FilesUnavailable, UploadCut

ANNOUNCE = "/documents/depots"
OTHER_ID = UUID(int=9)


@pytest.fixture
def streaming(bus: FakeBus, store: Store) -> FakeBus:
    """A documents service with one deposit that waits for the bytes of PDF."""
    begun = api.BegunDeposit(
        deposit_id=uuid4(),
        size=len(PDF),
        upload=api.Upload(
            url=f"{store.url}/object",
            headers={"Content-Length": str(len(PDF)), "If-None-Match": "*", "Content-Type": "application/pdf"},
            expires_at=THEN,
        ),
    )
    bus.begin_deposit = bus.renew_upload = lambda request: begun
    bus.complete_deposit = lambda request: GENERAL[0]
    return bus


def facts_of(csrf: str, **more: str) -> dict[str, str]:
    return form_of(csrf) | {"nom": "C:\\docs\\bulletin.pdf", "taille": str(len(PDF)), "modifie": "1"} | more


def announce(member: TestClient, csrf: str, **more: str) -> Any:
    return member.post(ANNOUNCE, data=facts_of(csrf, **more))


def test_s40_s41_a_file_is_announced_streamed_and_only_then_a_document(
    member: TestClient, csrf: str, streaming: FakeBus, store: Store
) -> None:
    digest = hashlib.sha256(PDF).hexdigest()
    announced = announce(member, csrf, sha256=digest)
    assert announced.status_code == 201
    (begun,) = streaming.asked(api.BEGIN_DEPOSIT)
    assert (begun.file_name, begun.size, begun.sha256, begun.label) == ("bulletin.pdf", len(PDF), digest, "Novembre")
    sent = member.put(announced.json()["content"], content=PDF, headers={"X-CSRF-Token": csrf})
    assert (sent.status_code, sent.json()) == (201, {"document": str(GENERAL[0].document_id)})
    assert store.objects == {"/object": PDF}
    assert store.headers["content-length"] == str(len(PDF))


def test_k22_a_file_may_be_announced_without_its_sha256(member: TestClient, csrf: str, streaming: FakeBus) -> None:
    assert announce(member, csrf).status_code == announce(member, csrf, sha256="no digest").status_code == 201
    assert [one.sha256 for one in streaming.asked(api.BEGIN_DEPOSIT)] == [None, None]


def test_r18_the_same_file_is_one_deposit_and_another_of_its_name_is_not(
    member: TestClient, csrf: str, streaming: FakeBus
) -> None:
    for mark in ("1", "1", "2"):
        announce(member, csrf, modifie=mark)
    keys = [one.idempotency_key for one in streaming.asked(api.BEGIN_DEPOSIT)]
    assert keys[0] == keys[1] != keys[2]


@pytest.mark.parametrize(
    ("change", "status", "field", "words"),
    [
        ({"dossier": ""}, 422, "dossier", "Choisissez le dossier"),
        ({"debut": "31/02/2019"}, 422, "debut", "Saisissez une date comme"),
        ({"taille": "1000001"}, 413, "fichier", "la limite est de"),
        ({"taille": "-1"}, 422, "fichier", "Choisissez le fichier"),
        ({"nom": ""}, 422, "fichier", "Choisissez le fichier"),
    ],
)
def test_faults_come_back_by_field_in_words(
    member: TestClient, csrf: str, streaming: FakeBus, *, change: dict[str, str], status: int, field: str, words: str
) -> None:
    answer = announce(member, csrf, **change)
    assert answer.status_code == status
    assert words in answer.json()["faults"][field]
    assert not streaming.asked(api.BEGIN_DEPOSIT)


@pytest.mark.parametrize(("reason", "status"), [("empty", 422), ("wrong_type", 415), ("unsafe", 422)])
def test_k22_what_the_service_refuses_is_said(
    member: TestClient, csrf: str, streaming: FakeBus, reason: str, status: int
) -> None:
    streaming.refuse(api.BEGIN_DEPOSIT, errors.FileRefused("", reason))
    answer = announce(member, csrf)
    assert answer.status_code == status
    assert "bulletin.pdf" in answer.json()["faults"]["fichier"]


def content(streaming: FakeBus) -> str:
    return f"/documents/depots/{OTHER_ID}/contenu?nom=bulletin.pdf"


def test_k22_bytes_that_are_refused_after_storing_are_said(
    member: TestClient, csrf: str, streaming: FakeBus, store: Store
) -> None:
    for reason, status, words in (
        ("encrypted", 422, "protégé par un mot de passe"),
        ("wrong_type", 415, "du type que son nom annonce"),
    ):
        streaming.refuse(api.COMPLETE_DEPOSIT, errors.FileRefused("", reason))
        answer = member.put(content(streaming), content=PDF, headers={"X-CSRF-Token": csrf})
        assert answer.status_code == status
        assert words in answer.json()["faults"]["fichier"]


def test_k21_more_or_fewer_bytes_than_announced_do_not_reach_the_store(
    member: TestClient, csrf: str, streaming: FakeBus, store: Store
) -> None:
    for body in (PDF + b"x", PDF[:-1]):
        answer = member.put(content(streaming), content=body, headers={"X-CSRF-Token": csrf})
        assert answer.status_code == 409
        assert "interrompu" in answer.json()["faults"]["fichier"]
    assert store.objects == {}
    assert not streaming.asked(api.COMPLETE_DEPOSIT)


def test_r1_a_repeated_upload_is_completed_with_what_is_stored(
    member: TestClient, csrf: str, streaming: FakeBus, store: Store
) -> None:
    store.objects["/object"] = PDF
    answer = member.put(content(streaming), content=PDF, headers={"X-CSRF-Token": csrf})
    assert answer.status_code == 201


def test_k17_bytes_want_the_token_in_a_header(member: TestClient, csrf: str, streaming: FakeBus, store: Store) -> None:
    for headers in ({}, {"X-CSRF-Token": "forged"}):
        assert member.put(content(streaming), content=PDF, headers=headers).status_code == 403
    assert announce(member, "forged").status_code == 403
    assert store.objects == {}


def test_s54_a_deposit_of_somebody_else_is_not_found(member: TestClient, csrf: str, streaming: FakeBus) -> None:
    streaming.refuse(api.RENEW_UPLOAD, errors.NotFound())
    assert member.put(content(streaming), content=PDF, headers={"X-CSRF-Token": csrf}).status_code == 404


def test_r9_a_store_that_fails_is_503(member: TestClient, csrf: str, streaming: FakeBus, store: Store) -> None:
    store.failing = True
    answer = member.put(content(streaming), content=PDF, headers={"X-CSRF-Token": csrf})
    assert answer.status_code == 503
    assert not streaming.asked(api.COMPLETE_DEPOSIT)


def test_s49_a_replacement_is_announced_under_its_document(member: TestClient, csrf: str, streaming: FakeBus) -> None:
    document = GENERAL[0]
    answer = announce(member, csrf, document=str(document.document_id))
    assert answer.status_code == 201
    (begun,) = streaming.asked(api.BEGIN_DEPOSIT)
    assert (begun.document_id, begun.category, begun.label) == (document.document_id, None, None)
    assert announce(member, csrf, document="no id").status_code == 404
    streaming.refuse(api.BEGIN_DEPOSIT, errors.Conflict("", "handling"))
    frozen = announce(member, csrf, document=str(document.document_id))
    assert (frozen.status_code, "pris ce document en compte" in frozen.text) == (409, True)


async def _put(store: Store, *chunks: bytes | Exception, size: int) -> None:
    async def body() -> AsyncIterator[bytes]:
        for chunk in chunks:
            if isinstance(chunk, Exception):
                raise chunk
            yield chunk

    files = Files()
    await files.start()
    try:
        await files.put(f"{store.url}/object", {"Content-Length": str(size)}, body())
    finally:
        await files.close()


@pytest.mark.parametrize("chunks", [(b"abc", b"def"), (b"ab",), (b"ab", ClientDisconnect())])
def test_k21_a_stream_that_is_not_as_long_as_announced_is_cut(
    store: Store, chunks: tuple[bytes | Exception, ...]
) -> None:
    with pytest.raises(UploadCut):
        asyncio.run(_put(store, *chunks, size=4))
    assert store.objects == {}


def test_r9_a_store_that_is_away_is_told_from_a_browser_that_is(store: Store) -> None:
    store.failing = True
    with pytest.raises(FilesUnavailable):
        asyncio.run(_put(store, b"abcd", size=4))
    store.failing = False
    asyncio.run(_put(store, b"ab", b"", b"cd", size=4))
    assert store.objects == {"/object": b"abcd"}
