"""Chapters 4 and 5 of the guide: deposit, find, download (S36 to S53)."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.journeys.conftest import log_in
from tests.journeys.outside import Employer


def pdf(text: str) -> bytes:
    """A small PDF that opens: one page with *text*."""
    stream = f"BT /F1 18 Tf 72 720 Td ({text}) Tj ET".encode()
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
        b"<</Length " + str(len(stream)).encode() + b">>\nstream\n" + stream + b"\nendstream",
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    ]
    body, places = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, 1):
        places.append(len(body))
        body += str(number).encode() + b" 0 obj\n" + content + b"\nendobj\n"
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    start = str(len(body)).encode()
    return (
        body
        + b"xref\n0 6\n0000000000 65535 f \n"
        + table
        + b"trailer\n<</Size 6/Root 1 0 R>>\nstartxref\n"
        + start
        + b"\n%%EOF\n"
    )


def choose(page: Page, category: str) -> None:
    """Open the form and choose a category; its fields then appear."""
    page.goto("/documents")
    page.get_by_role("link", name="Ajouter un fichier").click()
    page.get_by_label("Catégorie du document").select_option(label=category)
    without_script = page.get_by_role("button", name="Continuer")
    if without_script.is_visible():
        without_script.click()
    expect(page.get_by_label("Ouvrir un fichier")).to_be_visible()


def attach(page: Page, content: bytes, name: str) -> None:
    """Choose a file."""
    page.get_by_label("Ouvrir un fichier").set_input_files(
        {"name": name, "mimeType": "application/pdf", "buffer": content}
    )


def download(page: Page, title: str) -> bytes:
    """Click the magnifier of a document (S47)."""
    with page.expect_download() as waited:
        page.get_by_role("link", name=f"Télécharger {title}").click()
    return Path(waited.value.path()).read_bytes()


def fill_in_payslip(page: Page, employer: Employer) -> None:
    """Category, instructions, fields (S37 to S39)."""
    choose(page, "Bulletin de paie")
    expect(page.get_by_text("Un fichier par mois, toutes les pages.")).to_be_visible()
    page.get_by_label("Dossier", exact=True).select_option(employer.dossier("19GE00565"))
    page.get_by_label("Du", exact=True).fill("01/11/2019")
    page.get_by_label("Au", exact=True).fill("30/11/2019")
    page.get_by_label("Libellé (facultatif)").fill("Bulletin de novembre")


def deposit_payslip(page: Page, employer: Employer, content: bytes) -> None:
    """The whole of chapter 4."""
    fill_in_payslip(page, employer)
    attach(page, content, "bulletin novembre.pdf")
    page.get_by_role("button", name="OK").click()


def test_s36_to_s47_a_deposit_is_confirmed_found_and_fetched_byte_for_byte(inside: Page, employer: Employer) -> None:
    content = pdf("Bulletin de novembre")
    deposit_payslip(inside, employer, content)
    window = inside.get_by_role("dialog", name="Votre document est bien déposé")
    expect(window).to_contain_text("Bulletin de novembre")
    window.get_by_role("button", name="OK").click()
    expect(inside.get_by_role("heading", name="Bulletins de paie")).to_be_visible()  # S42, S53
    inside.goto("/documents")
    expect(inside.get_by_text("Bulletin de novembre")).to_have_count(0)  # S44
    inside.get_by_role("searchbox", name="Documents d’un bénéficiaire").fill("audrey mártin")  # S45
    inside.get_by_role("button", name="Rechercher").click()
    inside.get_by_role("link", name=employer.dossier("19GE00565")).click()  # S46
    fetched = download(inside, "Bulletin de novembre")
    assert hashlib.sha256(fetched).hexdigest() == hashlib.sha256(content).hexdigest()
    expect(inside.get_by_text("Vous", exact=True)).to_be_visible()  # S43
    expect(inside.get_by_role("table").get_by_text("Reçu", exact=True)).to_be_visible()
    inside.goto(f"/dossiers/{employer.dossier('19GE00565')}")  # S52
    assert download(inside, "Bulletin de novembre") == content


def test_s44_a_document_without_dossier_stands_in_the_tab(inside: Page) -> None:
    content = pdf("RIB")
    choose(inside, "RIB de l’entreprise")
    attach(inside, content, "rib.pdf")
    inside.get_by_role("button", name="OK").click()
    inside.get_by_role("dialog").get_by_role("button", name="OK").click()
    expect(inside.get_by_role("heading", name="Documents", exact=True)).to_be_visible()
    with inside.expect_download() as waited:
        inside.get_by_role("link", name="Télécharger RIB").first.click()
    assert Path(waited.value.path()).read_bytes() == content
    assert waited.value.suggested_filename == "rib.pdf"


def test_a_deposit_works_without_script(
    inside: Page, employer: Employer, new_context: Callable[..., BrowserContext]
) -> None:
    still = new_context(java_script_enabled=False).new_page()
    log_in(still, employer.identifier, employer.password)
    content = pdf("Sans script")
    deposit_payslip(still, employer, content)
    still.get_by_role("dialog").get_by_role("button", name="OK").click()
    assert download(still, "Bulletin de novembre") == content


@pytest.mark.parametrize(
    ("content", "name", "words"),
    [
        (b"", "vide.pdf", "« vide.pdf » est vide."),
        (b"MZ this is no document", "programme.exe", "n’est pas d’un type accepté"),
        (b"no PDF at all", "faux.pdf", "faux.pdf"),
    ],
    ids=["empty", "wrong type", "not what its name says"],
)
def test_a_file_that_is_refused_says_why_and_keeps_what_was_typed(
    inside: Page, employer: Employer, *, content: bytes, name: str, words: str
) -> None:
    fill_in_payslip(inside, employer)
    attach(inside, content, name)
    with inside.expect_response(lambda answer: answer.request.method in ("POST", "PUT") and not answer.ok) as refused:
        inside.get_by_role("button", name="OK").click()
    assert refused.value.status in (415, 422)
    expect(inside.locator("#fichier-erreur")).to_contain_text(words.replace("« ", "«\u00a0").replace(" »", "\u00a0»"))
    expect(inside.get_by_label("Libellé (facultatif)")).to_have_value("Bulletin de novembre")
    inside.goto(f"/dossiers/{employer.dossier('19GE00565')}")
    expect(inside.get_by_text("Aucun document dans ce dossier pour le moment")).to_be_visible()


def test_k21_an_oversized_file_is_stopped_before_it_is_sent_and_at_the_server(
    inside: Page, employer: Employer, new_context: Callable[..., BrowserContext], tmp_path: Path
) -> None:
    large = tmp_path / "scan.pdf"
    large.write_bytes(b"%PDF-1.4\n" + b"x" * (21 * 1024**2))
    choose(inside, "RIB de l’entreprise")
    inside.get_by_label("Ouvrir un fichier").set_input_files(large)
    expect(inside.locator("#fichier-erreur")).to_contain_text("dépasse")
    inside.get_by_role("button", name="OK").click()
    assert inside.url.endswith("/documents/ajouter"), "nothing was sent"
    still = new_context(java_script_enabled=False).new_page()
    log_in(still, employer.identifier, employer.password)
    choose(still, "RIB de l’entreprise")
    still.get_by_label("Ouvrir un fichier").set_input_files(large)
    with still.expect_response(lambda answer: answer.request.method == "POST") as posted:
        still.get_by_role("button", name="OK").click()
    assert posted.value.status == 413
    expect(still.locator("#fichier-erreur")).to_contain_text("la limite est de")


def test_missing_fields_are_said_beside_them(
    inside: Page, employer: Employer, new_context: Callable[..., BrowserContext]
) -> None:
    choose(inside, "Bulletin de paie")
    inside.get_by_label("Dossier", exact=True).select_option(employer.dossier("19GE00565"))
    inside.get_by_label("Du", exact=True).fill("31/02/2019")
    attach(inside, pdf("x"), "x.pdf")
    inside.get_by_role("button", name="OK").click()
    expect(inside.locator("#debut-erreur")).to_contain_text("Saisissez une date comme")
    expect(inside.locator("#fin-erreur")).to_contain_text("Saisissez cette date.")
    inside.get_by_label("Du", exact=True).fill("01/11/2019")
    inside.get_by_label("Au", exact=True).fill("30/11/2019")
    inside.get_by_role("button", name="OK").click()  # the file is still chosen
    expect(inside.get_by_role("dialog", name="Votre document est bien déposé")).to_be_visible()


def test_s51_what_exists_only_in_the_dossier_is_not_in_the_tab(inside: Page, employer: Employer) -> None:
    view = f"/documents/dossiers/{employer.dossier('19GE00565')}"
    inside.goto(view)
    expect(inside.get_by_text("Aucun document ici pour le moment")).to_be_visible()
    inside.get_by_role("link", name="Ouvrir le dossier complet").click()
    expect(inside.get_by_role("heading", name="MARTIN Audrey")).to_be_visible()
