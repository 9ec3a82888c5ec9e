"""Each payment has its remittance advice in the tab Documents (S34)."""

import hashlib
import io
import itertools
import urllib.request
from datetime import date
from pathlib import Path
from typing import Any

import pdfua
import pikepdf
import pytest
from espace_contracts import documents as api
from espace_contracts.errors import NotFound
from espace_contracts.payments import PaymentRecorded
from espace_contracts.samples import event_sample
from pypdf import PdfReader

from services.documents.advice import AdviceFacts, draw
from services.documents.file_checks import PDF, check_content
from tests.service.documents.documents_world import OTHER, START, TILLEULS, World, event_of


def payment(version: int = 1, **changes: Any) -> PaymentRecorded:
    """A payment of the guide's screen."""
    facts = event_sample(PaymentRecorded.type)["data"]
    return PaymentRecorded.model_validate(facts | {"siret": TILLEULS, "version": version} | changes)


def record(world: World, *payments: PaymentRecorded) -> None:
    for each in payments:
        world.service().record_payment(event_of(each, time=START))


def listed(world: World, siret: str = TILLEULS) -> tuple[api.Document, ...]:
    return world.service().list_documents(api.ListDocuments(siret=siret)).documents


def fetched(world: World, document: api.Document, **members: Any) -> bytes:
    request = {"siret": TILLEULS, "document_id": document.document_id} | members
    opened = world.service().open_file(api.OpenFile.model_validate(request))
    with urllib.request.urlopen(opened.url, timeout=20) as answer:
        content: bytes = answer.read()
    return content


def words(content: bytes) -> str:
    check_content(io.BytesIO(content), PDF)
    (page,) = PdfReader(io.BytesIO(content), strict=True).pages
    return page.extract_text().replace("\u00a0", " ").replace("\u202f", " ")


def test_s34_an_advice_is_an_employer_document_that_can_be_read(tilleuls: World) -> None:
    record(tilleuls, payment())
    (advice,) = listed(tilleuls)
    assert advice.title == "Avis de virement n° 806112"
    assert advice.rubric == "Avis de virement"
    assert (advice.payment_number, advice.dossier_number) == ("806112", None)
    assert (advice.depositor, advice.depositor_name) == ("funder", "Transitions Pro Grand Est")
    assert advice.deposited_at.date() == date(2019, 12, 11)
    assert not advice.changeable
    content = fetched(tilleuls, advice)
    page = words(content)
    for word in ("n° 806112", "2 764,94 €", "11 décembre 2019", "MARTIN Audrey", "19GE00565", "732 829 320 00074"):
        assert word in page
    assert "Transitions Pro Grand Est" in page
    assert advice.estimated, "nobody had opened it"
    (opened,) = listed(tilleuls)
    assert (len(content), hashlib.sha256(content).hexdigest()) == (opened.size, opened.sha256)
    assert not opened.estimated


def test_s34_the_page_is_tagged_as_pdf_ua_wants_it_and_always_the_same(tmp_path: Path) -> None:
    periods = [
        {"start": f"20{year}-{month:02}-01", "end": f"20{year}-{month:02}-28"}
        for year in (17, 18)
        for month in range(1, 13)
    ]
    facts = AdviceFacts.model_validate(
        payment(
            periods=periods, training_title="Très longue formation " * 9, amount="-1.00", state="cancelled"
        ).model_dump(mode="json", include=set(AdviceFacts.model_fields))
    )
    content = draw(facts)
    assert draw(facts) == content
    page = words(content)  # it is one
    assert page.count("du 01/") == 24
    with pikepdf.open(io.BytesIO(content)) as document:
        assert document.check_pdf_syntax() == []
        assert str(document.Root.Lang) == "fr-FR"
    file = tmp_path / "advice.pdf"
    file.write_bytes(content)
    assert [finding.rule_id for finding in pdfua.validate(str(file)).findings] == []


def test_s34_the_pdf_is_drawn_at_the_first_opening_and_then_kept(tilleuls: World) -> None:
    record(tilleuls, payment())
    (advice,) = listed(tilleuls)
    assert list(tilleuls.files.keys("files/")) == []
    first = fetched(tilleuls, advice)
    (key,) = tilleuls.files.keys("files/")
    assert b"".join(tilleuls.files.chunks(key)) == first
    tilleuls.files.put(key, b"kept as it is", PDF)
    assert fetched(tilleuls, advice) == b"kept as it is"


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_r4_the_highest_version_is_the_advice_whatever_came_first(tilleuls: World, order: tuple[int, ...]) -> None:
    versions = [payment(1), payment(2, amount="2700.00"), payment(3, amount="2700.00", state="cancelled")]
    record(tilleuls, *(versions[place] for place in order))
    (advice,) = listed(tilleuls)
    assert "2 700,00 €" in words(fetched(tilleuls, advice))
    assert "ANNULÉ" in words(fetched(tilleuls, advice))


def test_s34_a_correction_makes_a_new_version_and_keeps_the_old_one(tilleuls: World) -> None:
    record(tilleuls, payment(1), payment(2, amount="2700.00"))
    (advice,) = listed(tilleuls)
    assert advice.version == 2
    assert "2 764,94 €" in words(fetched(tilleuls, advice, version=1))


def test_s54_a_payment_that_moves_to_another_employer_takes_its_advice_along(tilleuls: World) -> None:
    record(tilleuls, payment(1), payment(2, siret=OTHER), payment(1))
    assert listed(tilleuls) == ()
    (advice,) = listed(tilleuls, siret=OTHER)
    assert advice.payment_number == "806112"


def test_s34_a_setting_says_no(tilleuls: World) -> None:
    tilleuls.intake.draw_advices = False
    record(tilleuls, payment())
    assert listed(tilleuls) == ()


def test_a_payment_may_come_before_its_dossier_and_have_any_letters(world: World) -> None:
    odd = {"last_name": "ŁUCZAK (née D’Œuvre)", "first_name": "Zoé\\"}
    record(world, payment(beneficiary=odd, training_title="long " * 39, amount="-1234567.80"))
    (advice,) = listed(world)
    text = words(fetched(world, advice))
    assert "ŁUCZAK (née D’Œuvre) Zoé\\" in text
    assert "\u22121 234 567,80 €" in text
    assert "repris le" in text


def test_s34_the_advice_is_found_by_its_payment(world: World) -> None:
    record(world, payment(), payment(payment_number="806114"))
    found = world.service().get_advice(api.GetAdvice(siret=TILLEULS, payment_number="806112"))
    assert (found.payment_number, found.category) == ("806112", "remittance_advice")


@pytest.mark.parametrize(("siret", "number"), [(OTHER, "806112"), (TILLEULS, "806999")])
def test_s54_anothers_advice_and_none_are_not_told_apart(world: World, siret: str, number: str) -> None:
    record(world, payment())
    with pytest.raises(NotFound):
        world.service().get_advice(api.GetAdvice(siret=siret, payment_number=number))


def deposited(world: World) -> api.Document:
    """The funder hands in its own advice of the payment."""
    nothing = {"dossier_number": None, "period": None, "actor": None}
    return world.deposit(user="funder.demo", category="remittance_advice", payment_number="806112", **nothing)


def test_s34_ours_comes_back_when_the_funder_deletes_its_own(tilleuls: World) -> None:
    record(tilleuls, payment(1))
    own = deposited(tilleuls)
    record(tilleuls, payment(2, amount="2700.00"))
    assert [each.document_id for each in listed(tilleuls)] == [own.document_id]
    request = {"siret": TILLEULS, "document_id": own.document_id}
    tilleuls.service("funder.demo").delete_document(api.DeleteDocument.model_validate(request))
    (ours,) = listed(tilleuls)
    assert ours.document_id != own.document_id
    assert "2 700,00 €" in words(fetched(tilleuls, ours))
    found = tilleuls.service().get_advice(api.GetAdvice(siret=TILLEULS, payment_number="806112"))
    assert found.document_id == ours.document_id
    tilleuls.service("funder.demo").restore_document(api.RestoreDocument.model_validate(request))
    assert [each.document_id for each in listed(tilleuls)] == [own.document_id]
    record(tilleuls, payment(3))
    assert [each.document_id for each in listed(tilleuls)] == [own.document_id], "and stays for good"
