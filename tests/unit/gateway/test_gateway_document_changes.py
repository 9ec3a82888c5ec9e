"""Own deposits are modified, deleted and restored on the pages; others' are not (S48 to S50)."""

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from conftest import Store
from espace_contracts import documents as api
from espace_contracts import errors
from fake_bus import NOW, FakeBus, document
from starlette.testclient import TestClient
from test_gateway_documents_pages import PDF, depositing, file_of

__all__ = ["depositing"]
RIB = document("RIB 2020", rubric="RIB de l’entreprise", label="RIB 2020")
FROZEN = document("RIB 2019", rubric="RIB de l’entreprise", handling="accepted", changeable=False)
THEIRS = document("Tarifs", rubric="Courriers", depositor="funder", depositor_name="Transitions Pro", changeable=False)
WRONG = document("RIB 2018", rubric="RIB de l’entreprise", handling="to_correct", reason="Illisible.")
HOME = f"/documents/{RIB.document_id}"
UNTIL = datetime(2020, 1, 10, tzinfo=UTC)


@pytest.fixture
def changing(bus: FakeBus) -> FakeBus:
    """A documents service that changes whatever it is asked to."""
    bus.documents = (RIB, FROZEN, THEIRS, WRONG)

    def changed(request: Any) -> api.Document:
        return next(one for one in bus.documents if one.document_id == request.document_id)

    bus.delete_document = bus.restore_document = bus.recategorise_document = changed
    bus.list_deleted_documents = lambda request: api.Documents(
        documents=(RIB.model_copy(update={"restorable_until": UNTIL}),)
    )
    return bus


def test_s50_only_own_deposits_that_may_change_have_buttons(member: TestClient, changing: FakeBus) -> None:
    page = member.get("/documents").text
    for one, changeable in ((RIB, True), (WRONG, True), (FROZEN, False), (THEIRS, False)):
        for action in ("modifier", "supprimer"):
            assert (f'href="/documents/{one.document_id}/{action}"' in page) is changeable


def test_s48_a_deposit_to_correct_shows_the_reason_and_a_button_to_replace_it(
    member: TestClient, changing: FakeBus
) -> None:
    page = member.get("/documents").text
    assert page.index("Illisible.") < page.index(f'href="/documents/{WRONG.document_id}/modifier#remplacer"')
    assert page.count("Remplacer le fichier") == 1


def test_s48_nothing_is_deleted_before_it_is_confirmed(member: TestClient, csrf: str, changing: FakeBus) -> None:
    page = member.get(f"{HOME}/supprimer").text
    assert "Supprimer «\u00a0RIB 2020\u00a0»\u00a0?" in page
    assert "rétablir pendant 30 jours" in page
    assert not changing.asked(api.DELETE_DOCUMENT)
    answer = member.post(f"{HOME}/supprimer", data={"csrf": csrf})
    assert (answer.status_code, answer.headers["location"]) == (303, "/documents")
    (asked,) = changing.asked(api.DELETE_DOCUMENT)
    assert (asked.document_id, asked.actor.name) == (RIB.document_id, "paie.tilleuls")
    after = member.get("/documents").text
    assert "«\u00a0RIB 2020\u00a0» est supprimé." in after
    assert f'action="{HOME}/retablir"' in after
    assert "est supprimé" not in member.get("/documents").text


def test_s48_a_deleted_deposit_is_restored_from_the_trash(member: TestClient, csrf: str, changing: FakeBus) -> None:
    page = member.get("/documents/corbeille").text
    assert "RIB 2020" in page
    assert "jusqu’au 10/01/2020" in page
    answer = member.post(f"{HOME}/retablir", data={"csrf": csrf})
    assert answer.status_code == 303
    assert [one.document_id for one in changing.asked(api.RESTORE_DOCUMENT)] == [RIB.document_id]
    assert "est rétabli." in member.get("/documents").text


@pytest.mark.parametrize("action", ["supprimer", "retablir", "modifier", "remplacer"])
def test_k17_a_change_wants_the_token(member: TestClient, changing: FakeBus, action: str) -> None:
    assert member.post(f"{HOME}/{action}", data={"csrf": "forged"}).status_code == 403
    assert [name for name, _ in changing.calls if name not in ("check_session", "get_document")] == []


@pytest.mark.parametrize(("one", "status", "words"), [(FROZEN, 409, "pris en compte"), (THEIRS, 403, "Déposant")])
@pytest.mark.parametrize("action", ["modifier", "supprimer"])
def test_s48_s50_what_may_not_change_says_why(
    member: TestClient, csrf: str, changing: FakeBus, *, one: api.Document, status: int, words: str, action: str
) -> None:
    refusal = errors.Conflict("", "handling") if status == 409 else errors.NotAllowed()
    changing.refuse(api.DELETE_DOCUMENT, refusal)
    changing.refuse(api.RECATEGORISE_DOCUMENT, refusal)
    address = f"/documents/{one.document_id}/{action}"
    typed = {"csrf": csrf, "categorie": "bank_details", "libelle": "x"}
    for answer in (member.get(address), member.post(address, data=typed)):
        assert answer.status_code == status
        assert words in answer.text


@pytest.mark.parametrize("refusal", [errors.Conflict("", "handling"), errors.NotAllowed()])
def test_s50_a_file_of_what_may_not_change_is_not_replaced(
    member: TestClient, csrf: str, changing: FakeBus, refusal: errors.Refusal
) -> None:
    changing.refuse(api.BEGIN_DEPOSIT, refusal)
    one = FROZEN if isinstance(refusal, errors.Conflict) else THEIRS
    answer = member.post(f"/documents/{one.document_id}/remplacer", data={"csrf": csrf}, files=file_of())
    assert answer.status_code == (409 if one is FROZEN else 403)
    assert "ne peut pas être modifié" in answer.text


def test_s49_another_category_asks_for_its_fields_and_is_saved(
    member: TestClient, csrf: str, changing: FakeBus
) -> None:
    page = member.get(f"{HOME}/modifier").text
    assert 'value="RIB 2020"' in page
    page = member.get(f"{HOME}/modifier?categorie=payslip").text
    assert 'name="debut"' in page
    typed = {"csrf": csrf, "categorie": "payslip", "dossier": "19GE00565", "debut": "01/11/2019"}
    faulty = member.post(f"{HOME}/modifier", data=typed)
    assert faulty.status_code == 422
    assert "Saisissez cette date." in faulty.text
    assert member.post(f"{HOME}/modifier", data=typed | {"fin": "30/11/2019"}).status_code == 303
    (asked,) = changing.asked(api.RECATEGORISE_DOCUMENT)
    assert (asked.category, asked.dossier_number, asked.label) == ("payslip", "19GE00565", None)
    assert asked.period.model_dump(mode="json") == {"start": "2019-11-01", "end": "2019-11-30"}
    assert "est modifié." in member.get("/documents").text


def test_s49_a_category_that_takes_no_such_file_says_so(member: TestClient, csrf: str, changing: FakeBus) -> None:
    changing.refuse(api.RECATEGORISE_DOCUMENT, errors.FileRefused("", "wrong_type"))
    answer = member.post(f"{HOME}/modifier", data={"csrf": csrf, "categorie": "bank_details"})
    assert answer.status_code == 422
    assert re.search(r'id="categorie-erreur">.*Cette catégorie n’accepte pas ce fichier', answer.text, re.DOTALL)


def test_s49_a_file_is_replaced_without_a_script(
    member: TestClient, csrf: str, changing: FakeBus, depositing: FakeBus, store: Store
) -> None:
    answer = member.post(f"{HOME}/remplacer", data={"csrf": csrf, "cle": "k"}, files=file_of())
    assert (answer.status_code, answer.headers["location"]) == (303, f"{HOME}/depose")
    (begun,) = depositing.asked(api.BEGIN_DEPOSIT)
    assert (begun.document_id, begun.category, begun.size) == (RIB.document_id, None, len(PDF))
    assert list(store.objects.values()) == [PDF]
    missing = member.post(f"{HOME}/remplacer", data={"csrf": csrf}, files={"fichier": ("", b"", "")})
    assert missing.status_code == 422
    assert "Choisissez le fichier à déposer." in missing.text


def test_s49_the_page_tells_who_changed_what_and_when(member: TestClient, changing: FakeBus) -> None:
    change = api.DocumentChange(change="replaced", version=2, by_kind="employer", by_name="Camille Roy", at=NOW)
    changing.documents = (RIB.model_copy(update={"changes": (change,), "version": 2}),)
    page = member.get(f"{HOME}/modifier").text
    assert "Fichier remplacé" in page
    assert "Camille Roy" in page
