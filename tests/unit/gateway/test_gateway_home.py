"""The home page: what is new, what is expected of me."""

from espace_contracts import documents
from fake_bus import FakeBus
from starlette.testclient import TestClient

DOSSIERS = 3  # of the fake bus


def test_s51_the_number_of_dossiers_is_said_and_that_there_are_more_than_one_answer_holds(
    member: TestClient, bus: FakeBus
) -> None:
    assert f'<span class="figure">{DOSSIERS}</span>' in member.get("/accueil").text
    search = bus.search_dossiers
    bus.search_dossiers = lambda request: search(request).model_copy(update={"next_cursor": "2019-09-02~19GE00565"})
    assert f'<span class="figure">Plus de {DOSSIERS}</span>' in member.get("/accueil").text
    assert {request.limit for request in bus.asked(documents.SEARCH_DOSSIERS)} == {500}
