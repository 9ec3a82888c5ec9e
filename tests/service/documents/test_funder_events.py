"""Events of the funder: any order, any repetition, the same result."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from espace_contracts import documents as api
from espace_contracts import funder
from espace_contracts.envelope import Event
from espace_contracts.errors import NotFound
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chassis.bus import Unacceptable
from chassis.inbox import AlreadyApplied
from tests.service.documents.documents_world import (
    OTHER,
    START,
    TILLEULS,
    World,
    dossier_facts,
    event_of,
    funding_request,
)


def updated(number: str, version: int, *, siret: str = TILLEULS) -> funder.DossierUpdated:
    facts = dossier_facts(number, training_title=f"TITLE {version}")
    return funder.DossierUpdated.model_validate({"siret": siret, "version": version, "dossier": facts})


def deliver(world: World, event: Event[Any]) -> None:
    handler = {
        "FundingRequestReceived.v1": "record_funding_request",
        "DossierUpdated.v1": "record_dossier_update",
        "DocumentTakenIntoAccount.v1": "record_acceptance",
        "DocumentRefused.v1": "record_refusal",
    }[event.type]
    getattr(world.service(), handler)(event)


def dossier_of(world: World, number: str) -> api.Dossier:
    return world.service().get_dossier(api.GetDossier(siret=TILLEULS, dossier_number=number)).dossier


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_r4_dossiers_come_out_the_same_whatever_came_first(world: World, data: st.DataObject) -> None:
    number = uuid4().hex
    events = [
        event_of(funding_request(number, funder_name="First"), time=START),
        event_of(funding_request(number, funder_name="Second"), time=START + timedelta(days=1)),
        *(event_of(updated(number, version), time=START) for version in (1, 2, 5)),
    ]
    before = len(world.published(api.DossierOpened))
    for event in data.draw(st.permutations(events)):
        deliver(world, event)
        with pytest.raises(AlreadyApplied):
            deliver(world, event)
    dossier = dossier_of(world, number)
    assert dossier.training_title == "TITLE 5"
    assert dossier.funder is not None
    assert dossier.funder.name == "Second"
    assert len(world.published(api.DossierOpened)) == before + 1


def test_an_update_may_come_before_the_funding_request(world: World) -> None:
    deliver(world, event_of(updated("19GE1", 2), time=START))
    assert dossier_of(world, "19GE1").funder is None
    deliver(world, event_of(funding_request("19GE1"), time=START))
    assert dossier_of(world, "19GE1").training_title == "TITLE 2"
    assert dossier_of(world, "19GE1").funder is not None


def test_s45_a_changed_name_is_found_under_its_new_form_only(tilleuls: World) -> None:
    facts = dossier_facts("19GE00565", beneficiary={"last_name": "LÉVÊQUE", "first_name": "Audrey"})
    change = funder.DossierUpdated.model_validate({"siret": TILLEULS, "version": 1, "dossier": facts})
    deliver(tilleuls, event_of(change, time=START))
    search = tilleuls.service().search_dossiers
    assert len(search(api.SearchDossiers(siret=TILLEULS, text="leveque")).dossiers) == 1
    assert search(api.SearchDossiers(siret=TILLEULS, text="martin")).dossiers == ()


def accepted(document: api.Document, **changes: Any) -> funder.DocumentTakenIntoAccount:
    facts = {"document_id": document.document_id, "document_version": 1, "siret": TILLEULS}
    return funder.DocumentTakenIntoAccount.model_validate(facts | changes)


def refused(document: api.Document, reason: str = "Illisible", **changes: Any) -> funder.DocumentRefused:
    facts = {"document_id": document.document_id, "document_version": 1, "siret": TILLEULS, "reason": reason}
    return funder.DocumentRefused.model_validate(facts | changes)


def state_of(world: World, document: api.Document) -> tuple[str, str | None, bool]:
    request = api.GetDocument(siret=TILLEULS, document_id=document.document_id)
    found = world.service().get_document(request)
    return found.handling, found.reason, found.changeable


def test_s48_what_the_funder_took_into_account_does_not_change_any_more(tilleuls: World) -> None:
    document = tilleuls.deposit()
    deliver(tilleuls, event_of(accepted(document), time=START))
    assert state_of(tilleuls, document) == ("accepted", None, False)


def test_s48_a_refused_document_says_why_and_is_counted(tilleuls: World) -> None:
    document = tilleuls.deposit()
    deliver(tilleuls, event_of(refused(document, "Copie floue"), time=START))
    assert state_of(tilleuls, document) == ("to_correct", "Copie floue", True)
    assert dossier_of(tilleuls, "19GE00565").to_correct_count == 1
    deliver(tilleuls, event_of(refused(document, "Copie floue"), time=START + timedelta(hours=1)))
    (told,) = tilleuls.published(api.DocumentHandled)
    assert told["document_id"] == str(document.document_id), "told once"
    assert (told["handling"], told["reason"], told["depositor"]) == ("to_correct", "Copie floue", "employer")
    assert (told["title"], told["dossier_number"]) == ("Bulletin de paie", "19GE00565")


@pytest.mark.parametrize("reverse", [False, True])
def test_r4_the_latest_decision_stands_whatever_came_first(tilleuls: World, reverse: bool) -> None:
    document = tilleuls.deposit()
    events = [
        event_of(refused(document), time=START),
        event_of(accepted(document), time=START + timedelta(hours=1)),
    ]
    for event in reversed(events) if reverse else events:
        deliver(tilleuls, event)
    assert state_of(tilleuls, document) == ("accepted", None, False)


@pytest.mark.parametrize(
    "change", [{"document_id": uuid4()}, {"document_version": 2}, {"siret": OTHER}], ids=["id", "version", "employer"]
)
def test_r13_a_decision_on_an_unknown_document_goes_to_the_dead_letters(
    tilleuls: World, change: dict[str, Any]
) -> None:
    document = tilleuls.deposit()
    with pytest.raises(Unacceptable):
        deliver(tilleuls, event_of(accepted(document, **change), time=START))
    assert state_of(tilleuls, document) == ("received", None, True)
    assert tilleuls.count("inbox") == 1, "the buried event can be delivered again once it can be applied"


def test_s54_a_dossier_belongs_to_the_employer_that_the_event_names(tilleuls: World) -> None:
    deliver(tilleuls, event_of(updated("20XX1", 1, siret=OTHER), time=START))
    with pytest.raises(NotFound):
        dossier_of(tilleuls, "20XX1")
