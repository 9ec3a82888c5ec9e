"""A deposit from the home page to its place among the documents, by keyboard alone (WCAG 2.1.1, 2.4.7; S36 to S42)."""

from playwright.sync_api import Page, expect

from tests.journeys.outside import Employer
from tests.journeys.test_chapters_4_and_5_documents import pdf
from tests.keyboard import go_to, press_tab_until


def test_s41_a_deposit_is_made_by_keyboard_alone(inside: Page, employer: Employer) -> None:
    page, keys = inside, inside.keyboard
    # From now on, long before the key: the browser hears of it too late when the processor is busy
    page.on("filechooser", lambda _chooser: None)
    go_to(page, "Documents", "link")
    keys.press("Enter")
    page.wait_for_url("**/documents")
    go_to(page, "Ajouter un fichier", "link")
    keys.press("Enter")
    page.wait_for_url("**/documents/ajouter")

    go_to(page, "Catégorie du document", "combobox")
    keys.type("Bulletin de paie")
    expect(page.get_by_text("Un fichier par mois, toutes les pages.")).to_be_visible()
    expect(page.get_by_label("Catégorie du document")).to_be_focused()  # the form that has come is read on from here
    go_to(page, "Dossier", "combobox", exact=True)
    keys.type(employer.dossier("19GE00565"))
    for name, text in (("Du", "01/11/2019"), ("Au", "30-11-19"), ("Libellé (facultatif)", "Bulletin de novembre")):
        go_to(page, name, "textbox", exact=True)
        keys.type(text)

    press_tab_until(page, page.get_by_label("Ouvrir un fichier"), "Ouvrir un fichier")
    with page.expect_file_chooser() as asked:  # the system's window, which has keys of its own
        keys.press("Enter")
    asked.value.set_files({"name": "bulletin.pdf", "mimeType": "application/pdf", "buffer": pdf(employer.mark)})
    go_to(page, "OK", "button")
    keys.press("Enter")

    dialog = page.get_by_role("dialog", name="Votre document est bien déposé")
    expect(dialog.get_by_role("button", name="OK")).to_be_focused()
    keys.press("Enter")
    expect(page.get_by_role("link", name="Télécharger Bulletin de novembre")).to_be_visible()
