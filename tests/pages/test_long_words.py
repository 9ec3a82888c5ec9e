"""Long names and labels stay in their places."""

import pytest
from espace_contracts.types import Person
from playwright.sync_api import Browser, expect

from tests.doubles.bus import FakeBus
from tests.doubles.payments import GUIDE
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
    page.evaluate("async () => { await document.fonts.ready }")  # the letters of another font are wider
    for file in FILES:
        name = page.get_by_role("listitem").filter(has_text=file["name"]).locator("strong")
        expect(name).to_be_visible()
        assert name.bounding_box()["height"] < 80, "a name is one line, or two or three on a phone"
        expect(name.locator("xpath=..").locator("progress")).to_be_visible()
    context.close()


def long_words(bus: FakeBus) -> None:
    """A payment whose names and training are one word of 150 letters each."""
    word = "é" * 150
    who = Person(last_name=word, first_name=word)
    changes = {"beneficiary": who, "training_title": word, "transfer_reference": word[:100]}
    bus.payments = (GUIDE[0].model_copy(update=changes), *GUIDE[1:])


@pytest.mark.parametrize("width", [1280, 768, 375])
def test_s26_long_words_move_no_column_of_the_payments(browser: Browser, portal: Served, width: int) -> None:
    context = browser.new_context(locale="fr-FR", viewport={"width": width, "height": 800})
    page = context.new_page()
    State("x", "/reglements", long_words).show(page, portal.bus, origin=portal.origin)
    row = page.locator("tbody.line").first
    row.locator("summary").click()
    expect(row.locator("tr.detail")).to_be_visible()
    assert row.locator("summary").bounding_box()["height"] < 60, "the dossier's number is a line"
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    context.close()
