"""A deposit from its announcement to its download, byte for byte."""

import hashlib
import threading
import urllib.error
import urllib.request
from typing import Any
from uuid import uuid4

import pytest
from espace_contracts import documents as api
from espace_contracts.errors import Conflict, FileRefused, InvalidRequest, KeyReused, NotAllowed, NotFound
from pydantic import SecretStr

from chassis.objectstore import ObjectStore, ObjectStoreDown
from chassis.settings import ObjectStoreSettings
from tests.service.documents.documents_world import ACTOR, OTHER, SAMPLES, TILLEULS, World, put

BULLETIN = (SAMPLES / "bulletin.pdf").read_bytes()


def open_file(world: World, document: api.Document, *, user: str = "gateway", **members: Any) -> api.OpenedFile:
    request = {"siret": TILLEULS, "document_id": document.document_id} | members
    return world.service(user).open_file(api.OpenFile.model_validate(request))


@pytest.mark.parametrize("sample", ["bulletin.pdf", "photo.jpg", "tampon.png"])
def test_s41_s47_what_is_deposited_comes_back_byte_for_byte(tilleuls: World, sample: str) -> None:
    content = (SAMPLES / sample).read_bytes()
    document = tilleuls.deposit(sample, file_name=f"Été {sample}")
    opened = open_file(tilleuls, document)
    with urllib.request.urlopen(opened.url, timeout=20) as answer:
        assert answer.read() == content
        assert answer.headers["Content-Type"] == opened.media_type == document.media_type
        assert answer.headers["Content-Disposition"].startswith("attachment;")
        assert f"filename*=UTF-8''%C3%89t%C3%A9%20{sample}" in answer.headers["Content-Disposition"]
    assert (document.size, document.sha256) == (len(content), hashlib.sha256(content).hexdigest())


def test_s47_the_store_sends_a_part_of_the_same_file(tilleuls: World) -> None:
    content = BULLETIN
    address = open_file(tilleuls, tilleuls.deposit()).url

    def ask(wanted: str) -> tuple[int, bytes, str, str]:
        request = urllib.request.Request(address, headers={"Range": wanted} if wanted else {})
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, answer.read(), answer.headers["Content-Range"], answer.headers["ETag"]

    whole = ask("")
    assert whole[:3] == (200, content, None)
    last = len(content) - 1
    assert ask("bytes=3-9") == (206, content[3:10], f"bytes 3-9/{len(content)}", whole[3])
    assert ask("bytes=10-") == (206, content[10:], f"bytes 10-{last}/{len(content)}", whole[3])
    assert ask("bytes=-7") == (206, content[-7:], f"bytes {last - 6}-{last}/{len(content)}", whole[3])
    with pytest.raises(urllib.error.HTTPError) as refused:
        ask(f"bytes={len(content)}-")
    refused.value.close()
    assert refused.value.code == 416


def test_s42_s43_a_deposit_is_shown_with_its_category_depositor_and_state(tilleuls: World) -> None:
    document = tilleuls.deposit(label="Novembre")
    assert document.title == "Novembre"
    assert document.rubric == "Bulletins de paie"
    assert (document.depositor, document.depositor_name) == ("employer", "Camille Roy")
    assert (document.handling, document.scan, document.changeable) == ("received", "available", True)
    assert document.dossier_number == "19GE00565"
    assert document.deposited_at == tilleuls.now
    request = api.GetDocument(siret=TILLEULS, document_id=document.document_id)
    assert tilleuls.service().get_document(request) == document


def test_r2_a_deposit_is_told_with_its_commit(tilleuls: World) -> None:
    document = tilleuls.deposit()
    (told,) = tilleuls.published(api.DocumentDeposited)
    assert told == {
        "siret": TILLEULS,
        "account_id": str(ACTOR.account_id),
        "document_id": str(document.document_id),
        "version": 1,
        "depositor": "employer",
        "category": "payslip",
        "dossier_number": "19GE00565",
        "sha256": document.sha256,
        "size": document.size,
    }


def test_r1_an_announced_file_is_no_document(tilleuls: World) -> None:
    begun = tilleuls.begin()
    with pytest.raises(Conflict):
        tilleuls.complete(begun)
    assert tilleuls.count("documents") == 0
    put(begun, BULLETIN)
    assert tilleuls.complete(begun).version == 1


def test_k22_a_depositor_need_not_know_the_sha256_beforehand(tilleuls: World) -> None:
    begun = tilleuls.begin(sha256=None)
    put(begun, BULLETIN)
    document = tilleuls.complete(begun)
    assert document.sha256 == hashlib.sha256(BULLETIN).hexdigest()
    assert tilleuls.complete(begun) == document
    (told,) = tilleuls.published(api.DocumentDeposited)
    assert told["sha256"] == document.sha256
    cut = tilleuls.begin(sha256=None, size=300)
    put(cut, BULLETIN[:300])
    with pytest.raises(FileRefused):
        tilleuls.complete(cut)


def test_r1_who_lost_the_upload_address_gets_another_for_the_same_single_write(tilleuls: World) -> None:
    begun = tilleuls.begin()
    tilleuls.wait(minutes=30)
    renewal = api.RenewUpload(siret=TILLEULS, deposit_id=begun.deposit_id)
    renewed = tilleuls.service().renew_upload(renewal)
    assert (renewed.deposit_id, renewed.size) == (begun.deposit_id, len(BULLETIN))
    assert renewed.upload.expires_at > begun.upload.expires_at
    put(renewed, BULLETIN)
    with pytest.raises(urllib.error.HTTPError) as second:
        put(renewed, BULLETIN)
    assert second.value.code == 412
    second.value.close()
    assert tilleuls.complete(begun).size == len(BULLETIN)
    for stranger in ("funder.demo", "beneficiary.x"):
        with pytest.raises(NotFound):
            tilleuls.service(stranger).renew_upload(renewal)
    with pytest.raises(NotFound):
        tilleuls.service().renew_upload(renewal.model_copy(update={"siret": OTHER}))


def test_k21_the_store_takes_the_announced_size_only_and_only_once(tilleuls: World) -> None:
    begun = tilleuls.begin()
    longer = dict(begun.upload.headers) | {"Content-Length": str(len(BULLETIN) + 1)}
    request = urllib.request.Request(begun.upload.url, data=BULLETIN + b"x", method="PUT", headers=longer)
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, timeout=20)
    assert refused.value.code == 403
    refused.value.close()
    assert put(begun, BULLETIN) == 200
    with pytest.raises(urllib.error.HTTPError) as second:
        put(begun, BULLETIN)
    assert second.value.code == 412
    second.value.close()


@pytest.mark.parametrize(
    ("announced", "sent", "reason"),
    [
        ({"size": len(BULLETIN)}, bytes(reversed(BULLETIN)), "unreadable"),
        ({"file_name": "photo.png"}, BULLETIN, "wrong_type"),
        ({}, (SAMPLES / "texte-renomme.pdf").read_bytes(), "wrong_type"),
        ({}, BULLETIN[:300], "unreadable"),
    ],
    ids=["other bytes", "lying ending", "text", "cut off"],
)
def test_k22_a_file_that_is_not_what_was_announced_leaves_no_document(
    tilleuls: World, announced: dict[str, Any], sent: bytes, reason: str
) -> None:
    honest = {"size": len(sent), "sha256": hashlib.sha256(sent).hexdigest()}
    if reason == "unreadable" and announced:
        honest = {"size": len(sent), "sha256": hashlib.sha256(BULLETIN).hexdigest()}
    begun = tilleuls.begin(**(honest | announced))
    put(begun, sent)
    for _ in range(2):  # the second time without looking at the bytes again
        with pytest.raises(FileRefused) as refusal:
            tilleuls.complete(begun)
        assert refusal.value.fields == (reason,)
    assert tilleuls.count("documents") == tilleuls.count("document_versions") == 0
    assert tilleuls.published(api.DocumentDeposited) == []


def test_k22_other_bytes_under_a_refused_deposit_are_not_looked_at(tilleuls: World) -> None:
    begun = tilleuls.begin()
    put(begun, bytes(reversed(BULLETIN)))
    with pytest.raises(FileRefused):
        tilleuls.complete(begun)
    for key in list(tilleuls.files.keys("files/")):
        tilleuls.files.delete(key)
    put(begun, BULLETIN)
    with pytest.raises(FileRefused):
        tilleuls.complete(begun)
    assert tilleuls.count("documents") == 0


@pytest.mark.parametrize(
    ("members", "reason"),
    [({"size": 0}, "empty"), ({"size": 20_971_521}, "too_large"), ({"file_name": "a.exe"}, "wrong_type")],
)
def test_k21_a_file_is_refused_before_it_is_sent(tilleuls: World, members: dict[str, Any], reason: str) -> None:
    with pytest.raises(FileRefused) as refusal:
        tilleuls.begin(**members)
    assert refusal.value.fields == (reason,)
    assert tilleuls.count("deposits") == 0


def test_k21_an_employer_has_a_quota_that_the_funder_is_not_bound_by(tilleuls: World) -> None:
    tilleuls.intake.quota_bytes = 2 * len(BULLETIN)
    tilleuls.deposit()
    waiting = tilleuls.begin()  # announced bytes count as well
    for user in ("gateway", "training_provider.institut-a"):
        with pytest.raises(FileRefused) as refusal:
            tilleuls.begin(category="attendance", user=user)
        assert refusal.value.fields == ("quota",)
    assert tilleuls.begin(category="agreement", period=None, user="funder.demo").size == len(BULLETIN)
    tilleuls.open_dossier("20XX1", siret=OTHER)
    assert tilleuls.begin(siret=OTHER, dossier_number="20XX1").size == len(BULLETIN)
    put(waiting, BULLETIN)
    assert tilleuls.complete(waiting).size == len(BULLETIN)


def test_r9_a_store_that_is_down_changes_nothing_and_the_deposit_can_be_completed_later(tilleuls: World) -> None:
    begun = tilleuls.begin()
    put(begun, BULLETIN)
    store = tilleuls.files
    tilleuls.files = ObjectStore(
        ObjectStoreSettings(
            s3_endpoint="http://127.0.0.1:9",
            s3_access_key=SecretStr("a"),
            s3_secret_key=SecretStr("b"),
            s3_bucket="documents",
        )
    )
    with pytest.raises(ObjectStoreDown):
        tilleuls.complete(begun)
    assert tilleuls.count("documents") == 0
    tilleuls.files = store
    assert tilleuls.complete(begun).sha256 == hashlib.sha256(BULLETIN).hexdigest()


def test_two_tabs_that_complete_one_deposit_get_one_document(tilleuls: World) -> None:
    begun = tilleuls.begin()
    put(begun, BULLETIN)
    answers: list[api.Document] = []
    gate = threading.Barrier(4)

    def complete() -> None:
        gate.wait()
        answers.append(tilleuls.complete(begun))

    tabs = [threading.Thread(target=complete) for _ in range(4)]
    for tab in tabs:
        tab.start()
    for tab in tabs:
        tab.join()
    assert len(answers) == 4
    assert all(answer == answers[0] for answer in answers)
    assert tilleuls.count("documents") == tilleuls.count("document_versions") == 1
    assert len(tilleuls.published(api.DocumentDeposited)) == 1


def test_r18_the_same_key_begins_one_deposit(tilleuls: World) -> None:
    first = tilleuls.begin(idempotency_key="k1")
    assert tilleuls.begin(idempotency_key="k1") == first
    assert tilleuls.count("deposits") == 1
    with pytest.raises(KeyReused):
        tilleuls.begin(idempotency_key="k1", label="another")


def test_s39_a_missing_field_and_an_unknown_category_are_named(tilleuls: World) -> None:
    with pytest.raises(InvalidRequest) as missing:
        tilleuls.begin(dossier_number=None, period=None)
    assert missing.value.fields == ("dossier_number", "period")
    with pytest.raises(InvalidRequest) as unknown:
        tilleuls.begin(category="selfies")
    assert unknown.value.fields == ("category",)


def test_s54_a_dossier_of_somebody_else_is_not_found(tilleuls: World) -> None:
    tilleuls.open_dossier("20XX1", siret=OTHER)
    for number in ("20XX1", "never-seen"):
        with pytest.raises(NotFound):
            tilleuls.begin(dossier_number=number)
    assert tilleuls.count("deposits") == 0


def test_s43_the_other_three_deposit_by_their_broker_user(tilleuls: World) -> None:
    provider = {"category": "attendance", "user": "training_provider.institut-a"}
    document = tilleuls.deposit(**provider)
    assert (document.depositor, document.depositor_name) == ("training_provider", "institut-a")
    assert document.changeable
    request = api.GetDocument(siret=TILLEULS, document_id=document.document_id)
    assert not tilleuls.service("gateway").get_document(request).changeable, "S50: the employer cannot change it"
    with pytest.raises(NotAllowed):
        tilleuls.begin(category="bank_details", dossier_number=None, period=None, user="training_provider.institut-a")
    with pytest.raises(InvalidRequest):
        tilleuls.begin(actor=ACTOR, **provider)


def test_s50_a_deposit_is_completed_by_who_began_it(tilleuls: World) -> None:
    begun = tilleuls.begin(category="attendance", user="training_provider.institut-a")
    put(begun, BULLETIN)
    for stranger in ("gateway", "training_provider.institut-b", "beneficiary.institut-a"):
        with pytest.raises(NotFound):
            tilleuls.complete(begun, user=stranger)
    assert tilleuls.complete(begun, user="training_provider.institut-a").depositor == "training_provider"


def test_s54_documents_and_deposits_of_somebody_else_are_not_found(tilleuls: World) -> None:
    begun = tilleuls.begin()
    put(begun, BULLETIN)
    with pytest.raises(NotFound):
        tilleuls.complete(begun, siret=OTHER)
    document = tilleuls.complete(begun)
    for document_id in (document.document_id, uuid4()):
        with pytest.raises(NotFound):
            tilleuls.service().get_document(api.GetDocument(siret=OTHER, document_id=document_id))
        with pytest.raises(NotFound):
            tilleuls.service().open_file(api.OpenFile(siret=OTHER, document_id=document_id))
    assert tilleuls.count("file_openings") == 0


def test_k35_each_opening_is_on_record_and_stays_there(tilleuls: World) -> None:
    document = tilleuls.deposit()
    open_file(tilleuls, document, actor=ACTOR)
    open_file(tilleuls, document, user="funder.demo", version=1)
    with tilleuls.db.work() as connection:
        rows = connection.exec_driver_sql(
            "select opener_kind, opener_name, opener_account, version from file_openings order by id"
        ).all()
    assert [tuple(row) for row in rows] == [
        ("employer", "Camille Roy", ACTOR.account_id, 1),
        ("funder", "demo", None, 1),
    ]
    with pytest.raises(NotFound):
        open_file(tilleuls, document, version=2)


def test_k25_a_file_that_waits_for_the_scanner_stays_closed(tilleuls: World) -> None:
    tilleuls.intake.first_scan_state = "pending"
    document = tilleuls.deposit()
    assert document.scan == "pending"
    with pytest.raises(Conflict):
        open_file(tilleuls, document)
    assert tilleuls.count("file_openings") == 0


def test_k26_the_store_never_sees_the_name_that_a_person_gave(tilleuls: World) -> None:
    document = tilleuls.deposit(file_name="../secret\u202efdp.pdf")
    assert document.file_name == "secretfdp.pdf"
    assert "secret" not in tilleuls.begin(file_name="secret.pdf").upload.url
