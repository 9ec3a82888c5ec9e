"""Own deposits change: another file, another category, the trash and back (S48 to S50)."""

import urllib.request
from typing import Any
from uuid import uuid4

import pytest
from espace_contracts import documents as api
from espace_contracts import funder
from espace_contracts.errors import Conflict, FileRefused, InvalidRequest, NotAllowed, NotFound

from services.documents.domain import FOLDER, RESTORABLE
from services.documents.sweeper import empty_trash, sweep
from tests.service.documents.documents_world import ACTOR, OTHER, SAMPLES, TILLEULS, World, event_of, put

BULLETIN, PHOTO = ((SAMPLES / name).read_bytes() for name in ("bulletin.pdf", "photo.jpg"))
FUNDER, INSTITUTE = "funder.demo", "training_provider.institut-a"
SIGNED = {"invoice_number": "F-2019-118", "invoice_date": "2019-12-02"}


def change(world: World, method: str, document: api.Document, *, user: str = "gateway", **members: Any) -> api.Document:
    """Delete, restore or recategorise it as this broker user."""
    requests = {
        "delete_document": api.DeleteDocument,
        "restore_document": api.RestoreDocument,
        "recategorise_document": api.RecategoriseDocument,
    }
    basics = {"siret": TILLEULS, "document_id": document.document_id, "actor": ACTOR if user == "gateway" else None}
    answer: api.Document = getattr(world.service(user), method)(requests[method].model_validate(basics | members))
    return answer


def begin_replacing(world: World, document: api.Document, sample: str = "photo.jpg", **more: Any) -> api.BegunDeposit:
    nothing = {"category": None, "dossier_number": None, "period": None}
    return world.begin(sample, **(nothing | {"document_id": document.document_id} | more))


def replace(world: World, document: api.Document, sample: str = "photo.jpg", **more: Any) -> api.Document:
    begun = begin_replacing(world, document, sample, **more)
    put(begun, (SAMPLES / sample).read_bytes())
    return world.complete(begun, user=more.get("user", "gateway"))


def get(world: World, document: api.Document, siret: str = TILLEULS) -> api.Document:
    answer: api.Document = world.service().get_document(api.GetDocument(siret=siret, document_id=document.document_id))
    return answer


def fetched(world: World, document: api.Document, version: int | None = None) -> bytes:
    request = api.OpenFile(siret=TILLEULS, document_id=document.document_id, version=version)
    with urllib.request.urlopen(world.service(FUNDER).open_file(request).url, timeout=20) as answer:
        content: bytes = answer.read()
    return content


def decide(world: World, document: api.Document, *, reason: str | None = None, version: int | None = None) -> None:
    """The funder's word on it, a minute later."""
    world.wait(minutes=1)
    facts = {"document_id": document.document_id, "document_version": version or document.version, "siret": TILLEULS}
    if reason:
        refused = funder.DocumentRefused(**facts, reason=reason)
        world.service().record_refusal(event_of(refused, time=world.now))
    else:
        taken = funder.DocumentTakenIntoAccount(**facts)
        world.service().record_acceptance(event_of(taken, time=world.now))


def trash(world: World, siret: str = TILLEULS, **members: Any) -> api.Documents:
    answer: api.Documents = world.service().list_deleted_documents(api.ListDeletedDocuments(siret=siret, **members))
    return answer


# --- another file


def test_s49_a_new_file_stands_under_the_same_id_and_the_funder_can_open_both(tilleuls: World) -> None:
    document = tilleuls.deposit(label="Novembre")
    replaced = replace(tilleuls, document)
    assert (replaced.document_id, replaced.version) == (document.document_id, 2)
    assert (replaced.file_name, replaced.media_type, replaced.size) == ("photo.jpg", "image/jpeg", len(PHOTO))
    assert (replaced.title, replaced.period, replaced.dossier_number) == ("Novembre", document.period, "19GE00565")
    assert fetched(tilleuls, document) == fetched(tilleuls, document, 2) == PHOTO
    assert fetched(tilleuls, document, 1) == BULLETIN
    assert tilleuls.count("documents") == 1


def test_s49_who_changed_what_and_when_is_told(tilleuls: World) -> None:
    document = tilleuls.deposit()
    tilleuls.wait(hours=1)
    replace(tilleuls, document)
    tilleuls.wait(hours=1)
    change(tilleuls, "delete_document", document)
    change(tilleuls, "restore_document", document)
    told = get(tilleuls, document).changes
    assert [(one.change, one.version) for one in told] == [("restored", 2), ("deleted", 2), ("replaced", 2)]
    assert {(one.by_kind, one.by_name) for one in told} == {("employer", "Camille Roy")}
    assert (told[0].at - told[2].at).total_seconds() == 3600
    (event,) = tilleuls.published(api.DocumentReplaced)
    assert (event["document_id"], event["version"], event["size"]) == (str(document.document_id), 2, len(PHOTO))
    available = tilleuls.published(api.DocumentAvailable)
    assert [one["version"] for one in available] == [1, 2]


def test_s48_a_deposit_to_correct_is_received_again_with_its_new_file(tilleuls: World) -> None:
    document = tilleuls.deposit()
    decide(tilleuls, document, reason="Illisible")
    assert (get(tilleuls, document).handling, get(tilleuls, document).reason) == ("to_correct", "Illisible")
    assert get(tilleuls, document).changeable
    replaced = replace(tilleuls, document)
    assert (replaced.handling, replaced.reason) == ("received", None)
    decide(tilleuls, document, version=1)  # a late word on the file that is no longer the current one
    assert get(tilleuls, document).handling == "received"
    decide(tilleuls, document, version=2)
    assert get(tilleuls, document).handling == "accepted"


def test_k21_a_replacement_is_checked_as_the_category_asks(tilleuls: World) -> None:
    document = tilleuls.deposit()
    with pytest.raises(FileRefused) as refusal:
        begin_replacing(tilleuls, document, file_name="a.exe")
    assert refusal.value.fields == ("wrong_type",)
    begun = begin_replacing(tilleuls, document)
    put(begun, bytes(reversed(PHOTO)))
    with pytest.raises(FileRefused):
        tilleuls.complete(begun)
    assert get(tilleuls, document).version == 1


def test_s39_a_replacement_says_nothing_new_of_the_document(tilleuls: World) -> None:
    document = tilleuls.deposit()
    with pytest.raises(ValueError, match="keeps what is said"):
        begin_replacing(tilleuls, document, label="Décembre")
    with pytest.raises(ValueError, match="neither a category nor a document"):
        tilleuls.begin(category=None)


def test_s48_a_replacement_that_the_funder_overtook_changes_nothing(tilleuls: World) -> None:
    document = tilleuls.deposit()
    begun = begin_replacing(tilleuls, document)
    put(begun, PHOTO)
    decide(tilleuls, document)
    with pytest.raises(Conflict):
        tilleuls.complete(begun)
    assert (get(tilleuls, document).version, get(tilleuls, document).handling) == (1, "accepted")
    tilleuls.wait(hours=4)
    assert sweep(tilleuls.db, tilleuls.files, now=tilleuls.now) == (1, 0)
    assert fetched(tilleuls, document) == BULLETIN


def test_r18_a_replacement_completed_twice_is_one_version(tilleuls: World) -> None:
    document = tilleuls.deposit()
    begun = begin_replacing(tilleuls, document)
    put(begun, PHOTO)
    assert tilleuls.complete(begun) == tilleuls.complete(begun)
    assert get(tilleuls, document).version == 2


# --- another category


def test_s49_another_category_brings_its_own_fields(tilleuls: World) -> None:
    document = tilleuls.deposit(label="Novembre")
    moved = change(tilleuls, "recategorise_document", document, category="letter", label="Courrier du 3")
    assert (moved.document_id, moved.category, moved.rubric) == (document.document_id, "letter", "Courriers")
    assert (moved.title, moved.period, moved.dossier_number) == ("Courrier du 3", None, None)
    titles = [one.title for one in tilleuls.service().list_documents(api.ListDocuments(siret=TILLEULS)).documents]
    assert titles == ["Courrier du 3"]
    (event,) = tilleuls.published(api.DocumentRecategorised)
    assert (event["category"], event["previous_category"]) == ("letter", "payslip")


@pytest.mark.parametrize(
    ("members", "refusal", "fields"),
    [
        ({"category": "payslip"}, InvalidRequest, ("dossier_number", "period")),
        ({"category": "letter"}, InvalidRequest, ("label",)),
        ({"category": "selfies"}, InvalidRequest, ("category",)),
        ({"category": "funding_agreement", "dossier_number": "19GE00565"}, NotAllowed, ("category",)),
        ({"category": "invoice", "dossier_number": "18XX", "details": SIGNED}, NotFound, ("dossier_number",)),
        ({"category": "agreement", "dossier_number": "19GE00565"}, FileRefused, ("wrong_type",)),
    ],
)
def test_s49_a_category_that_does_not_fit_is_refused(
    tilleuls: World, *, members: dict[str, Any], refusal: type[Exception], fields: tuple[str, ...]
) -> None:
    document = tilleuls.deposit("photo.jpg")
    with pytest.raises(refusal) as refused:
        change(tilleuls, "recategorise_document", document, **members)
    assert refused.value.fields == fields
    assert get(tilleuls, document).category == "payslip"
    assert tilleuls.count("document_changes") == 0


# --- the trash


def test_s48_a_deleted_deposit_is_out_of_every_list_and_can_be_restored(tilleuls: World) -> None:
    document = tilleuls.deposit_letter()
    deleted = change(tilleuls, "delete_document", document)
    assert deleted.restorable_until == tilleuls.now + RESTORABLE
    assert not deleted.changeable
    assert tilleuls.service().list_documents(api.ListDocuments(siret=TILLEULS)).documents == ()
    with pytest.raises(NotFound):
        get(tilleuls, document)
    with pytest.raises(NotFound):
        fetched(tilleuls, document)
    assert [one.document_id for one in trash(tilleuls).documents] == [document.document_id]
    assert trash(tilleuls, siret=OTHER).documents == ()
    change(tilleuls, "restore_document", document)
    assert fetched(tilleuls, document) == BULLETIN
    assert trash(tilleuls).documents == ()
    for event in (api.DocumentDeleted, api.DocumentRestored):
        assert [one["document_id"] for one in tilleuls.published(event)] == [str(document.document_id)]


def test_s48_after_thirty_days_a_deleted_deposit_is_gone_with_all_its_files(tilleuls: World) -> None:
    kept = tilleuls.deposit_letter("kept")
    document = tilleuls.deposit()
    replace(tilleuls, document)
    change(tilleuls, "delete_document", document)
    tilleuls.wait(days=29, hours=23)
    assert empty_trash(tilleuls.db, tilleuls.files, now=tilleuls.now) == 0
    tilleuls.wait(hours=2)
    assert trash(tilleuls).documents == ()
    with pytest.raises(NotFound):
        change(tilleuls, "restore_document", document)
    assert empty_trash(tilleuls.db, tilleuls.files, now=tilleuls.now) == 1
    assert len(list(tilleuls.files.keys(FOLDER))) == 1
    assert tilleuls.count("documents") == tilleuls.count("document_versions") == tilleuls.count("deposits") == 1
    assert fetched(tilleuls, kept) == BULLETIN
    assert sweep(tilleuls.db, tilleuls.files, now=tilleuls.now) == (0, 0)


def test_s48_the_trash_is_paged_without_losing_any(world: World) -> None:
    for number in range(5):
        change(world, "delete_document", world.deposit_letter(f"n{number}"))
        world.wait(seconds=number % 2)
    titles: list[str] = []
    page = trash(world, limit=2)
    titles += [one.title for one in page.documents]
    while page.next_cursor:
        page = trash(world, limit=2, cursor=page.next_cursor)
        titles += [one.title for one in page.documents]
    assert sorted(titles) == [f"n{number}" for number in range(5)]


# --- what may not change


CHANGES: list[tuple[str, dict[str, Any]]] = [
    ("delete_document", {}),
    ("recategorise_document", {"category": "letter", "label": "Objet"}),
    ("replace", {}),
]


def attempt(world: World, method: str, document: api.Document, members: dict[str, Any]) -> None:
    if method == "replace":
        begin_replacing(world, document, **members)
    else:
        change(world, method, document, **members)


@pytest.mark.parametrize(("method", "members"), CHANGES)
def test_s48_once_taken_into_account_nothing_changes(tilleuls: World, method: str, members: dict[str, Any]) -> None:
    document = tilleuls.deposit()
    decide(tilleuls, document)
    with pytest.raises(Conflict) as refusal:
        attempt(tilleuls, method, document, members)
    assert refusal.value.fields == ("handling",)
    assert get(tilleuls, document).version == 1


@pytest.mark.parametrize(("method", "members"), CHANGES)
def test_s50_what_another_has_deposited_is_not_to_be_changed(
    tilleuls: World, method: str, members: dict[str, Any]
) -> None:
    theirs = tilleuls.deposit(category="attendance", user=INSTITUTE)
    ours = tilleuls.deposit()
    for document, user, refusal in (
        (theirs, "gateway", NotAllowed),
        (theirs, FUNDER, NotAllowed),
        (theirs, "training_provider.institut-b", NotFound),
        (theirs, "beneficiary.institut-a", NotFound),
        (ours, FUNDER, NotAllowed),
        (ours, INSTITUTE, NotFound),
    ):
        with pytest.raises(refusal):
            attempt(tilleuls, method, document, members | ({"user": user} if user != "gateway" else {}))
    assert (get(tilleuls, theirs).version, get(tilleuls, ours).version) == (1, 1)
    assert tilleuls.count("document_changes") == 0


@pytest.mark.parametrize(("method", "members"), CHANGES)
def test_s54_a_deposit_of_another_employer_is_not_found(tilleuls: World, method: str, members: dict[str, Any]) -> None:
    document = tilleuls.deposit()
    with pytest.raises(NotFound):
        attempt(tilleuls, method, document, members | {"siret": OTHER})
    unknown = document.model_copy(update={"document_id": uuid4()})
    with pytest.raises(NotFound):
        attempt(tilleuls, method, unknown, members)


def test_s50_a_training_provider_changes_its_own_deposits(tilleuls: World) -> None:
    document = tilleuls.deposit(category="attendance", user=INSTITUTE)
    assert replace(tilleuls, document, user=INSTITUTE, actor=None).version == 2
    members = {"category": "invoice", "dossier_number": "19GE00565", "details": SIGNED, "user": INSTITUTE}
    assert change(tilleuls, "recategorise_document", document, **members).category == "invoice"
    change(tilleuls, "delete_document", document, user=INSTITUTE)
    for stranger, refusal in (("gateway", NotAllowed), ("training_provider.institut-b", NotFound)):
        with pytest.raises(refusal):
            change(tilleuls, "restore_document", document, user=stranger)
    assert change(tilleuls, "restore_document", document, user=INSTITUTE).version == 2


def test_r18_a_deletion_repeated_with_its_key_is_answered_alike(tilleuls: World) -> None:
    document = tilleuls.deposit()
    first = change(tilleuls, "delete_document", document, idempotency_key="k")
    assert change(tilleuls, "delete_document", document, idempotency_key="k") == first
    assert tilleuls.count("document_changes") == 1
