"""Fields of a category's own: drawn by its data, read as people type, shown as people read (S39)."""

from typing import Any

import pytest
from conftest import Store
from espace_contracts import documents as api
from espace_contracts import errors
from fake_bus import CATEGORIES, GENERAL, FakeBus
from starlette.testclient import TestClient
from test_gateway_deposit_by_script import ANNOUNCE, facts_of
from test_gateway_documents_pages import depositing, file_of

__all__ = ["depositing"]

OWN = api.FreeField
FIELDS = (
    OWN(key="who", label="Signataire", type="text", required=True),
    OWN(key="amount", label="Montant demandé", type="amount", required=True, hint="En euros."),
    OWN(key="hours", label="Heures", type="number", required=False),
    OWN(key="day", label="Signé le", type="date", required=False),
    OWN(key="body", label="Organisme", type="choice", required=False, choices=("Urssaf", "MSA")),
)
ADVANCE = CATEGORIES[0].model_copy(update={"key": "advance", "label": "Demande d’avance", "free_fields": FIELDS})
TYPED = {
    "champ_who": "Camille Roy",
    "champ_amount": "2\u202f764,94\u00a0€",
    "champ_hours": "3,5",
    "champ_day": "11/12/2019",
    "champ_body": "MSA",
}
DETAILS = {"who": "Camille Roy", "amount": "2764.94", "hours": "3.5", "day": "2019-12-11", "body": "MSA"}
SHOWN = tuple(
    api.Detail(key=field.key, label=field.label, type=field.type, value=DETAILS[field.key]) for field in FIELDS
)


@pytest.fixture
def advances(bus: FakeBus, depositing: FakeBus) -> FakeBus:
    """A documents service with a category that has fields of its own."""
    bus.list_categories = lambda request: api.Categories(categories=(*CATEGORIES, ADVANCE))
    return bus


def sent(member: TestClient, csrf: str, **typed: str) -> Any:
    form = {"csrf": csrf, "cle": "k", "categorie": "advance", "libelle": ""} | TYPED | typed
    return member.post("/documents/ajouter", data=form, files=file_of(), follow_redirects=False)


def test_s39_the_form_asks_for_them_by_their_type(member: TestClient, advances: FakeBus) -> None:
    page = member.get("/documents/ajouter?categorie=advance").text
    assert '<label for="champ_amount">Montant demandé</label>' in page
    assert 'id="champ_amount-aide">En euros.' in page
    assert '<option value="MSA">MSA</option>' in page
    assert "Heures (facultatif)" in page
    assert "champ_" not in member.get("/documents/ajouter?categorie=payslip").text


def test_s39_what_is_typed_in_french_reaches_the_service_in_its_own_form(
    member: TestClient, csrf: str, advances: FakeBus, store: Store
) -> None:
    assert sent(member, csrf).status_code == 303
    assert advances.asked(api.BEGIN_DEPOSIT)[0].details == DETAILS


@pytest.mark.parametrize(
    ("typed", "field", "sentence"),
    [
        ({"champ_who": ""}, "champ_who", "Remplissez ce champ."),
        ({"champ_who": "x" * 201}, "champ_who", "dépasse 200 caractères"),
        ({"champ_amount": "beaucoup"}, "champ_amount", "Saisissez un nombre"),
        ({"champ_hours": "1,234"}, "champ_hours", "Saisissez un nombre"),
        ({"champ_day": "31/02/2019"}, "champ_day", "Saisissez une date"),
        ({"champ_body": "Autre"}, "champ_body", "Remplissez ce champ."),
    ],
)
def test_s39_a_fault_stands_beside_its_field_and_what_was_typed_stays(
    member: TestClient, csrf: str, advances: FakeBus, typed: dict[str, str], field: str, sentence: str
) -> None:
    answer = sent(member, csrf, **typed)
    assert answer.status_code == 422
    assert f'id="{field}-erreur"' in answer.text
    assert sentence in answer.text
    assert 'value="Camille Roy"' in answer.text or field == "champ_who"
    assert not advances.asked(api.BEGIN_DEPOSIT)


def test_s39_a_refusal_of_the_service_stands_beside_its_field(member: TestClient, csrf: str, advances: FakeBus) -> None:
    def refuse(request: api.BeginDeposit) -> api.BegunDeposit:
        raise errors.InvalidRequest("no", "details.amount")

    advances.begin_deposit = refuse
    assert 'id="champ_amount-erreur"' in sent(member, csrf).text
    facts = facts_of(csrf, categorie="advance") | TYPED
    assert list(member.post(ANNOUNCE, data=facts).json()["faults"]) == ["champ_amount"]


def test_s39_the_same_form_with_another_amount_is_another_deposit(
    member: TestClient, csrf: str, advances: FakeBus, store: Store
) -> None:
    for amount in ("1", "1", "2"):
        sent(member, csrf, champ_amount=amount)
    first, again, other = (request.idempotency_key for request in advances.asked(api.BEGIN_DEPOSIT))
    assert first == again != other


def test_s39_they_are_shown_with_the_document_and_typed_again_when_it_changes(
    member: TestClient, advances: FakeBus
) -> None:
    document = GENERAL[0].model_copy(update={"details": SHOWN, "category": "advance", "changeable": True})
    advances.list_documents = lambda request: api.Documents(documents=(document,))
    advances.get_document = lambda request: document
    page = member.get("/documents").text
    assert "Montant demandé\u00a0: 2\u202f764,94\u00a0€" in page.replace("&#160;", "\u00a0")
    assert "Heures\u00a0: 3,5 · Signé le\u00a0: 11/12/2019" in page.replace("&#160;", "\u00a0")
    form = member.get(f"/documents/{document.document_id}/modifier").text
    assert 'value="2\u202f764,94"' in form
    assert '<option value="MSA" selected>MSA</option>' in form
