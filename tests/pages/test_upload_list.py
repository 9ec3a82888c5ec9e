"""The chosen files below the field, each with its name, state and progress (S40)."""

import pytest
from playwright.sync_api import Browser, expect

from tests.pages.serving import Served
from tests.pages.state import State

FILES = [
    {"name": name, "mimeType": "application/pdf", "buffer": b"%PDF-1.4"}
    for name in ("facture-2019-12.pdf", "bulletin de paie novembre 2019.pdf")
]


@pytest.mark.parametrize("width", [1280, 375])
def test_s40_each_chosen_file_stands_with_its_name_on_a_line(browser: Browser, portal: Served, width: int) -> None:
    context = browser.new_context(locale="fr-FR", viewport={"width": width, "height": 800})
    page = context.new_page()
    State("x", "/documents/ajouter?categorie=payslip").show(page, portal.bus, origin=portal.origin)
    page.get_by_label("Ouvrir un fichier").set_input_files(FILES)
    for file in FILES:
        name = page.get_by_role("listitem").filter(has_text=file["name"]).locator("strong")
        expect(name).to_be_visible()
        assert name.bounding_box()["height"] < 60, "a name is one line, or two on a phone"
        expect(name.locator("xpath=..").locator("progress")).to_be_visible()
    context.close()
