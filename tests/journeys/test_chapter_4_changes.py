"""Chapter 4, own deposits: several at a time, replaced, deleted, restored, refused (S40, S48 to S50)."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, Route, expect

from tests.journeys.conftest import log_in
from tests.journeys.outside import Employer, FunderSystem
from tests.journeys.test_chapters_4_and_5_documents import attach, choose, download, pdf


def deposit_rib(page: Page, content: bytes, label: str = "RIB 2020") -> str:
    """A document of the tab; its id."""
    choose(page, "RIB de l’entreprise")
    page.get_by_label("Libellé (facultatif)").fill(label)
    attach(page, content, "rib.pdf")
    page.get_by_role("button", name="OK").click()
    page.get_by_role("dialog").get_by_role("button", name="OK").click()
    link = page.get_by_role("link", name=f"Modifier {label}").get_attribute("href") or ""
    return link.split("/")[2]


@pytest.fixture(params=["script", "no script"])
def tab(
    request: pytest.FixtureRequest, inside: Page, employer: Employer, new_context: Callable[..., BrowserContext]
) -> Page:
    """The employer's tab, in a browser with and in one without a script."""
    if request.param == "script":
        return inside
    still = new_context(java_script_enabled=False).new_page()
    log_in(still, employer.identifier, employer.password)
    return still


def test_s48_a_deposit_is_deleted_after_confirming_and_restored(tab: Page) -> None:
    content = pdf("RIB")
    deposit_rib(tab, content)
    tab.get_by_role("link", name="Supprimer RIB 2020").click()
    window = tab.get_by_role("dialog")
    expect(window).to_contain_text("Vous pourrez le rétablir pendant 30 jours.")
    window.get_by_role("link", name="Annuler").click()
    tab.get_by_role("link", name="Supprimer RIB 2020").click()
    tab.get_by_role("dialog").get_by_role("button", name="Supprimer").click()
    expect(tab.get_by_role("status").filter(has_text="est supprimé")).to_be_visible()
    expect(tab.get_by_role("link", name="Télécharger RIB 2020")).to_have_count(0)
    tab.get_by_role("button", name="Rétablir").click()
    assert download(tab, "RIB 2020") == content
    tab.get_by_role("link", name="Supprimer RIB 2020").click()
    tab.get_by_role("dialog").get_by_role("button", name="Supprimer").click()
    tab.get_by_role("link", name="Documents supprimés").click()
    tab.get_by_role("button", name="Rétablir RIB 2020").click()
    assert download(tab, "RIB 2020") == content


def test_s48_s49_a_refused_deposit_is_replaced_and_waits_again(
    tab: Page, employer: Employer, funder: FunderSystem
) -> None:
    document_id = deposit_rib(tab, pdf("illisible"))
    facts = {"document_id": document_id, "document_version": 1, "siret": employer.siret}
    funder.publish("DocumentRefused.v1", facts | {"reason": "Le RIB est illisible."})
    reload_until(tab, "Le RIB est illisible.")
    tab.get_by_role("link", name="Remplacer le fichier RIB 2020").click()
    content = pdf("lisible")
    tab.get_by_label("Remplacer par un autre fichier").set_input_files(
        {"name": "rib-net.pdf", "mimeType": "application/pdf", "buffer": content}
    )
    tab.get_by_role("button", name="Remplacer le fichier").click()
    tab.get_by_role("dialog", name="Votre document est bien déposé").get_by_role("button", name="OK").click()
    expect(tab.get_by_text("Le RIB est illisible.")).to_have_count(0)
    expect(tab.get_by_text("version 2")).to_be_visible()
    assert download(tab, "RIB 2020") == content
    funder.publish("DocumentTakenIntoAccount.v1", facts | {"document_version": 2})
    reload_until(tab, "Pris en compte")
    expect(tab.get_by_role("link", name="Modifier RIB 2020")).to_have_count(0)  # S48
    tab.goto(f"/documents/{document_id}/supprimer")
    expect(tab.get_by_text("il ne change plus")).to_be_visible()


def reload_until(page: Page, words: str) -> None:
    """The funder's word arrives by an event."""
    page.goto("/documents")
    for _ in range(30):
        if page.get_by_text(words).count():
            return
        page.wait_for_timeout(500)
        page.reload()
    expect(page.get_by_text(words).first).to_be_visible()


def test_s49_a_deposit_gets_another_category_with_its_fields(tab: Page) -> None:
    deposit_rib(tab, pdf("courrier"))
    tab.get_by_role("link", name="Modifier RIB 2020").click()
    tab.get_by_label("Catégorie du document").select_option(label="Courrier")
    without_script = tab.get_by_role("button", name="Continuer")
    if without_script.is_visible():
        without_script.click()
    tab.get_by_label("Objet").fill("Changement d’adresse")
    tab.get_by_role("button", name="Enregistrer").click()
    expect(tab.get_by_role("heading", name="Courriers")).to_be_visible()
    expect(tab.get_by_role("link", name="Télécharger Changement d’adresse")).to_be_visible()


def test_s40_several_files_are_sent_one_after_the_other_and_confirmed_once_all_are_stored(inside: Page) -> None:
    choose(inside, "RIB de l’entreprise")
    files = [
        {"name": f"rib-{number}.pdf", "mimeType": "application/pdf", "buffer": pdf(f"RIB {number}")}
        for number in (1, 2, 3)
    ]
    inside.get_by_label("Ouvrir un fichier").set_input_files(files)
    expect(inside.get_by_role("listitem").filter(has_text="rib-3.pdf")).to_be_visible()
    inside.get_by_role("button", name="OK").click()
    window = inside.get_by_role("dialog", name=re.compile("3 documents sont bien déposés"))
    window.get_by_role("button", name="OK").click()
    expect(inside.get_by_role("link", name=re.compile("^Télécharger"))).to_have_count(3)


def test_s40_a_faulty_file_among_several_is_said_and_the_others_are_kept(inside: Page) -> None:
    choose(inside, "RIB de l’entreprise")
    bad = {"name": "faux.pdf", "mimeType": "application/pdf", "buffer": b"no PDF at all"}
    good = {"name": "rib.pdf", "mimeType": "application/pdf", "buffer": pdf("RIB")}
    inside.get_by_label("Ouvrir un fichier").set_input_files([bad, good])
    inside.get_by_role("button", name="OK").click()
    expect(inside.locator("#fichier-erreur")).to_contain_text("faux.pdf")
    expect(inside.get_by_role("listitem").filter(has_text="rib.pdf")).to_contain_text("Déposé")


def _hold(route: Route) -> None:
    """Let the request wait for ever."""


def test_r1_a_cancelled_upload_leaves_no_document(inside: Page) -> None:
    choose(inside, "RIB de l’entreprise")
    inside.route("**/documents/depots/*/contenu*", _hold)
    attach(inside, pdf("RIB"), "rib.pdf")
    inside.get_by_role("button", name="OK").click()
    inside.get_by_role("button", name="Annuler l’envoi").click()
    expect(inside.locator("#fichier-erreur")).to_contain_text("interrompu")
    inside.unroute("**/documents/depots/*/contenu*")
    inside.get_by_role("button", name="OK").click()  # the file is still chosen
    inside.get_by_role("dialog").get_by_role("button", name="OK").click()
    expect(inside.get_by_role("link", name=re.compile("^Télécharger"))).to_have_count(1)


def test_s40_a_file_is_dropped_onto_the_page(inside: Page) -> None:
    choose(inside, "RIB de l’entreprise")
    content = pdf("RIB").decode("latin-1")
    inside.locator(".drop").evaluate(
        """(area, text) => {
            const carried = new DataTransfer();
            const bytes = Uint8Array.from(text, (char) => char.charCodeAt(0));
            carried.items.add(new File([bytes], "pose.pdf", { type: "application/pdf" }));
            area.dispatchEvent(new DragEvent("drop", { dataTransfer: carried, bubbles: true, cancelable: true }));
        }""",
        content,
    )
    inside.get_by_role("button", name="OK").click()
    inside.get_by_role("dialog").get_by_role("button", name="OK").click()
    with inside.expect_download() as waited:
        inside.get_by_role("link", name=re.compile("^Télécharger")).click()
    assert Path(waited.value.path()).read_bytes() == content.encode("latin-1")
