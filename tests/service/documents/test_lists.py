"""What the tab Documents and « Mes dossiers » find."""

from collections import Counter

import pytest
from espace_contracts import documents as api
from espace_contracts.errors import InvalidRequest, NotFound

from tests.service.documents.documents_world import ACTOR, OTHER, TILLEULS, World


def listed(world: World, siret: str = TILLEULS) -> list[str]:
    """Titles in the tab Documents as it opens: the newest of each category, which the full list holds as well."""
    opened = world.service().list_documents(api.ListDocuments(siret=siret, per_category=10))
    assert opened.documents == world.service().list_documents(api.ListDocuments(siret=siret)).documents
    assert opened.counts == Counter(document.category for document in opened.documents)
    return [document.title for document in opened.documents]


def found(world: World, text: str = "", siret: str = TILLEULS) -> list[str]:
    """Numbers of the dossiers that a search finds."""
    answer = world.service().search_dossiers(api.SearchDossiers(siret=siret, text=text))
    return [dossier.dossier_number for dossier in answer.dossiers]


@pytest.fixture
def three(world: World) -> World:
    """Three dossiers, the latest training last."""
    trainings = {
        "18RCDI4786": ("DUPUIS", "Audrey", "2018-10-01"),
        "19GE00565": ("MARTIN-LÉVÊQUE", "Audrey", "2019-09-02"),
        "20 idf_01": ("D’ALMEIDA", "Zoé", "2020-01-06"),
    }
    for number, (last_name, first_name, start) in trainings.items():
        world.open_dossier(
            number,
            beneficiary={"last_name": last_name, "first_name": first_name},
            period={"start": start, "end": "2021-06-30"},
        )
    return world


def test_s44_the_tab_opens_on_what_is_tied_to_nothing_newest_first(tilleuls: World) -> None:
    tilleuls.deposit(label="tied to a dossier")
    tilleuls.deposit_letter("first")
    tilleuls.wait(minutes=1)
    tilleuls.deposit_letter("second")
    thrown_away = tilleuls.deposit_letter("in the trash").document_id
    tilleuls.service().delete_document(api.DeleteDocument(siret=TILLEULS, document_id=thrown_away, actor=ACTOR))
    assert listed(tilleuls) == ["second", "first"]
    with tilleuls.db.work() as connection:
        connection.exec_driver_sql(
            "update documents set beneficiary_last_name = 'MARTIN', beneficiary_first_name = 'Audrey'"
            " where label = 'first'"
        )
    assert listed(tilleuls) == ["second"]


def test_s44_a_letter_about_a_dossier_stands_in_the_dossier(tilleuls: World) -> None:
    tilleuls.deposit(category="letter", label="about it", period=None)
    assert listed(tilleuls) == []
    request = api.GetDossier(siret=TILLEULS, dossier_number="19GE00565")
    assert [document.title for document in tilleuls.service().get_dossier(request).documents] == ["about it"]


def test_s53_each_rubric_shows_its_newest_and_is_paged_by_itself(world: World) -> None:
    for number in range(4):
        world.deposit_letter(f"letter {number}")
        world.deposit(category="bank_details", dossier_number=None, period=None, label=f"rib {number}")
        world.wait(minutes=1)
    answer = world.service().list_documents(api.ListDocuments(siret=TILLEULS, per_category=2))
    assert [one.title for one in answer.documents if one.category == "letter"] == ["letter 3", "letter 2"]
    assert [one.title for one in answer.documents if one.category == "bank_details"] == ["rib 3", "rib 2"]
    assert answer.counts == {"letter": 4, "bank_details": 4}
    assert answer.next_cursor is None
    titles, cursor = [], None
    while True:
        wanted = api.ListDocuments(siret=TILLEULS, category="letter", limit=3, cursor=cursor)
        page = world.service().list_documents(wanted)
        titles += [one.title for one in page.documents]
        if (cursor := page.next_cursor) is None:
            break
    assert titles == [f"letter {number}" for number in (3, 2, 1, 0)]
    other = world.service().list_documents(api.ListDocuments(siret=OTHER, per_category=2))
    assert (other.documents, other.counts) == ((), {})


def test_s44_pages_hold_each_document_once(world: World) -> None:
    for number in range(5):
        world.deposit_letter(f"letter {number}")
        world.wait(seconds=0 if number == 2 else 1)
    titles: list[str] = []
    cursor = None
    while True:
        page = world.service().list_documents(api.ListDocuments(siret=TILLEULS, cursor=cursor, limit=2))
        titles += [document.title for document in page.documents]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert sorted(titles) == [f"letter {number}" for number in range(5)]
    assert titles[0] == "letter 4"
    assert titles[-1] == "letter 0"


def test_a_made_up_cursor_is_an_invalid_request(world: World) -> None:
    for cursor in ("x", "WyJhIiwgImIiXQ=="):
        with pytest.raises(InvalidRequest):
            world.service().list_documents(api.ListDocuments(siret=TILLEULS, cursor=cursor))
        with pytest.raises(InvalidRequest):
            world.service().search_dossiers(api.SearchDossiers(siret=TILLEULS, cursor=cursor))


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("", ["20 idf_01", "19GE00565", "18RCDI4786"]),
        ("  ", ["20 idf_01", "19GE00565", "18RCDI4786"]),
        ("audrey", ["19GE00565", "18RCDI4786"]),
        ("AUDREY martin", ["19GE00565"]),
        ("Martin Audrey", ["19GE00565"]),
        ("leveque", ["19GE00565"]),
        ("lévê aud", ["19GE00565"]),
        ("zoe d'almeida", ["20 idf_01"]),
        ("udrey", []),
        ("19ge005", ["19GE00565"]),
        ("19 GE\u202f00565", ["19GE00565"]),
        ("00565", []),
        ("20IDF_0", ["20 idf_01"]),
        ("20IDF%", []),
        ("_", []),
        ("%", []),
        ("audrey dupond", []),
    ],
)
def test_s45_search_by_number_or_name(three: World, text: str, numbers: list[str]) -> None:
    assert found(three, text) == numbers


def test_s45_pages_of_dossiers_hold_each_once(three: World) -> None:
    first = three.service().search_dossiers(api.SearchDossiers(siret=TILLEULS, limit=2))
    rest = three.service().search_dossiers(api.SearchDossiers(siret=TILLEULS, limit=2, cursor=first.next_cursor))
    assert [d.dossier_number for d in (*first.dossiers, *rest.dossiers)] == ["20 idf_01", "19GE00565", "18RCDI4786"]
    assert rest.next_cursor is None


def test_s46_s51_a_certificate_exists_only_in_the_dossier(tilleuls: World) -> None:
    tilleuls.deposit(category="completion_certificate", label="Certificat", user="training_provider.institut-a")
    tilleuls.deposit(label="Bulletin")

    def titles_and_count(*, whole: bool) -> tuple[set[str], int]:
        request = api.GetDossier(siret=TILLEULS, dossier_number="19GE00565", include_dossier_only=whole)
        answer = tilleuls.service().get_dossier(request)
        return {document.title for document in answer.documents}, answer.dossier.document_count

    assert titles_and_count(whole=True) == ({"Certificat", "Bulletin"}, 2)
    assert titles_and_count(whole=False) == ({"Bulletin"}, 1)
    assert listed(tilleuls) == []
    with tilleuls.db.work() as connection:  # as if the category had been one of the employer's before
        connection.exec_driver_sql("update documents set dossier_number = null where label = 'Certificat'")
    assert listed(tilleuls) == []
    request = api.SearchDossiers(siret=TILLEULS, include_dossier_only=False)
    assert tilleuls.service().search_dossiers(request).dossiers[0].document_count == 1


def test_s52_a_dossier_is_shown_with_its_facts_and_its_funder(tilleuls: World) -> None:
    dossier = tilleuls.service().get_dossier(api.GetDossier(siret=TILLEULS, dossier_number="19GE00565")).dossier
    assert dossier.beneficiary.last_name == "MARTIN"
    assert dossier.training_title == "INFIRMIER BLOC OPERATOIRE"
    assert dossier.period.start.isoformat() == "2019-09-02"
    assert dossier.funder is not None
    assert dossier.funder.name == "Transitions Pro Grand Est"


def test_s37_categories_come_in_the_order_of_the_page_for_each_depositor(world: World) -> None:
    every = world.service().list_categories(api.ListCategories()).categories
    assert [category.key for category in every][:2] == ["payslip", "attendance"]
    mine = world.service().list_categories(api.ListCategories(depositor="beneficiary")).categories
    assert [category.key for category in mine] == ["attendance", "beneficiary_document"]


def test_s54_lists_searches_and_dossiers_hold_nothing_of_somebody_else(tilleuls: World) -> None:
    tilleuls.deposit_letter()
    assert listed(tilleuls) != []
    assert listed(tilleuls, siret=OTHER) == []
    assert found(tilleuls, siret=OTHER) == []
    with pytest.raises(NotFound):
        tilleuls.service().get_dossier(api.GetDossier(siret=OTHER, dossier_number="19GE00565"))
