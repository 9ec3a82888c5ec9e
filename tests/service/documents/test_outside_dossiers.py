"""What stands in no dossier and is found all the same: a beneficiary's documents (S46), the funder's own advices (S34)."""

import urllib.request
from typing import Any

import pytest
from espace_contracts import documents as api
from espace_contracts.errors import Conflict, InvalidRequest, NotAllowed, NotFound

from services.documents.domain import FOLDER
from services.documents.sweeper import empty_trash
from services.documents.usecases.dossiers import MOST_OUTSIDE
from tests.service.documents.documents_world import OTHER, SAMPLES, TILLEULS, World, put
from tests.service.documents.test_advices import listed, payment, record

PERSON, FUNDER = "beneficiary.audrey-martin", "funder.demo"
MARTIN = {"last_name": "MARTIN-LÉVÊQUE", "first_name": "Audrey"}


def deposit_for_beneficiary(world: World, user: str = PERSON, **members: Any) -> api.Document:
    facts = {"category": "beneficiary_document", "beneficiary": MARTIN, "label": "Lettre"}
    return world.deposit(user=user, dossier_number=None, period=None, **(facts | members))


def deposit_advice(world: World, number: str = "806112", *, user: str = FUNDER, **members: Any) -> api.Document:
    facts = {"category": "remittance_advice", "payment_number": number}
    return world.deposit(user=user, dossier_number=None, period=None, **(facts | members))


def found(world: World, text: str, siret: str = TILLEULS) -> list[str]:
    """Titles of what a search finds outside of the dossiers."""
    answer = world.service().search_dossiers(api.SearchDossiers(siret=siret, text=text))
    return [document.title for document in answer.documents]


def advice_of(world: World, number: str = "806112", siret: str = TILLEULS) -> api.Document:
    answer: api.Document = world.service().get_advice(api.GetAdvice(siret=siret, payment_number=number))
    return answer


def test_s43_s46_a_beneficiary_deposits_without_a_dossier_and_is_found_by_the_name(world: World) -> None:
    document = deposit_for_beneficiary(world)
    assert (document.depositor, document.depositor_name) == ("beneficiary", "audrey-martin")
    assert (document.beneficiary.last_name, document.dossier_number) == ("MARTIN-LÉVÊQUE", None)
    assert listed(world) == ()  # S44
    for text in ("leveque", "audrey mar", "MARTIN", "levêque audrey"):
        assert found(world, text) == ["Lettre"], text
    for text in ("eveque", "audrey dupuis", ""):
        assert found(world, text) == [], text
    assert found(world, "leveque", siret=OTHER) == []


def test_s46_a_search_that_finds_more_than_it_tells_says_so(world: World) -> None:
    numbers = [f"8061{place:02}" for place in range(MOST_OUTSIDE + 1)]
    record(world, *(payment(payment_number=number) for number in numbers[1:]))
    wanted = api.SearchDossiers(siret=TILLEULS, text="8061")
    answer = world.service().search_dossiers(wanted)
    assert (len(answer.documents), answer.more_documents) == (MOST_OUTSIDE, False)
    record(world, payment(payment_number=numbers[0]))
    answer = world.service().search_dossiers(wanted)
    assert (len(answer.documents), answer.more_documents) == (MOST_OUTSIDE, True)


def test_s46_a_document_in_the_trash_is_not_found(world: World) -> None:
    document = deposit_for_beneficiary(world)
    world.service(PERSON).delete_document(api.DeleteDocument(siret=TILLEULS, document_id=document.document_id))
    assert found(world, "leveque") == []


def test_s39_only_a_category_that_asks_for_a_beneficiary_takes_one(world: World) -> None:
    with pytest.raises(InvalidRequest) as missing:
        deposit_for_beneficiary(world, beneficiary=None)
    assert missing.value.fields == ("beneficiary",)
    with pytest.raises(InvalidRequest) as foreign:
        world.deposit_letter(beneficiary=MARTIN)
    assert foreign.value.fields == ("beneficiary",)
    with pytest.raises(NotAllowed):
        deposit_for_beneficiary(world, user="gateway")


@pytest.mark.parametrize("text", ["806112", "19GE00565", "audrey", "8061"])
def test_s34_an_advice_is_found_by_its_payment_dossier_and_beneficiary(world: World, text: str) -> None:
    record(
        world, payment(), payment(payment_number="99", dossier_number="X", beneficiary=MARTIN | {"first_name": "Zoé"})
    )
    assert found(world, text) == ["Avis de virement n° 806112"]


def test_s34_the_funders_own_advice_wins_over_ours(world: World) -> None:
    record(world, payment())
    ours = advice_of(world)
    own = deposit_advice(world)
    assert advice_of(world).document_id == own.document_id != ours.document_id
    assert [one.title for one in listed(world)] == ["Avis de virement n° 806112"]
    opened = world.service().open_file(api.OpenFile(siret=TILLEULS, document_id=own.document_id))
    with urllib.request.urlopen(opened.url, timeout=20) as answer:
        assert answer.read() == (SAMPLES / "bulletin.pdf").read_bytes()
    record(world, payment(2, amount="2700.00"))
    assert advice_of(world) == advice_of(world).model_copy(update={"document_id": own.document_id, "version": 1})
    assert found(world, "audrey") == ["Avis de virement n° 806112"]


def test_s34_the_funders_own_advice_may_come_before_its_payment(world: World) -> None:
    own = deposit_advice(world, label="Avis signé")
    assert advice_of(world).title == "Avis signé"
    assert found(world, "audrey") == []
    record(world, payment())
    assert [one.document_id for one in listed(world)] == [own.document_id]
    assert found(world, "audrey") == ["Avis signé"]


def test_s54_a_payment_that_moves_leaves_the_deposited_advice_behind(world: World) -> None:
    deposit_advice(world)
    record(world, payment(), payment(2, siret=OTHER))
    assert listed(world) == ()
    assert advice_of(world, siret=OTHER).depositor_name == "Transitions Pro"
    with pytest.raises(NotFound):
        deposit_advice(world)
    assert world.count("documents") == 2  # a deposit that cannot become the advice becomes nothing at all


def test_s34_each_advice_is_told(world: World) -> None:
    record(world, payment(), payment(2, amount="2700.00"))
    own = deposit_advice(world)
    told = [(one["version"], one["deposited"]) for one in world.published(api.RemittanceAdviceIssued)]
    assert told == [(1, False), (2, False), (1, True)]
    assert world.published(api.RemittanceAdviceIssued)[2]["document_id"] == str(own.document_id)


def test_s34_only_the_funder_deposits_advices_and_they_stay_with_their_payment(world: World) -> None:
    with pytest.raises(NotAllowed):
        deposit_advice(world, user="training_provider.institut-a")
    own = deposit_advice(world)
    move = api.RecategoriseDocument(siret=TILLEULS, document_id=own.document_id, category="letter", label="x")
    with pytest.raises(Conflict):
        world.service(FUNDER).recategorise_document(move)


def test_s48_a_deposited_advice_that_was_deleted_is_purged_and_ours_comes_back_with_the_next_version(
    world: World,
) -> None:
    record(world, payment())
    own = deposit_advice(world)
    world.service(FUNDER).delete_document(api.DeleteDocument(siret=TILLEULS, document_id=own.document_id))
    world.wait(days=31)
    assert empty_trash(world.db, world.files, now=world.now) == 2
    assert list(world.files.keys(FOLDER)) == []
    record(world, payment(2))
    assert advice_of(world).depositor_name == "Transitions Pro"


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("x" * 300 + ".pdf", "x" * 146 + ".pdf"),
        ("..\\..\\etc\\passwd.pdf", "passwd.pdf"),
        ("fac\u202eture\r\nX-Evil: 1.pdf", "facture X-Evil: 1.pdf"),
        ("<script>alert(1)</script>.pdf", "script>.pdf"),
        ("e\u0301te\u0301.pdf", "été.pdf"),
    ],
)
def test_k26_a_hostile_name_is_shown_and_downloaded_harmless(world: World, name: str, shown: str) -> None:
    document = world.deposit_letter(file_name=name)
    assert document.file_name == shown
    opened = world.service().open_file(api.OpenFile(siret=TILLEULS, document_id=document.document_id))
    with urllib.request.urlopen(opened.url, timeout=20) as answer:
        assert answer.headers["Content-Disposition"].startswith("attachment;")
        assert "X-Evil" not in answer.headers


def test_k26_a_begun_deposit_names_no_person_in_its_address(world: World) -> None:
    begun = world.begin(category="letter", dossier_number=None, period=None, label="x", file_name="MARTIN.pdf")
    assert "MARTIN" not in begun.upload.url
    assert put(begun, (SAMPLES / "bulletin.pdf").read_bytes()) == 200
