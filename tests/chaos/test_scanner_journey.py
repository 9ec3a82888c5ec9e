"""A person deposits an infected file and a clean one (K24, K25): browser, portal and ClamAV for real."""

import re
from pathlib import Path

from playwright.sync_api import Page, expect, sync_playwright

from tests.browser import launched
from tests.chaos.employer import logged_in
from tests.chaos.letters import letter
from tests.chaos.world import World
from tests.service.documents.clamav import ClamAV, infected

PATIENCE = 20  # seconds


def deposit(page: Page, name: str, content: bytes) -> None:
    """« Ajouter un fichier », a letter called *name*, as far as the confirmation."""
    page.goto("/documents/ajouter?categorie=letter")
    page.get_by_label("Objet").fill(name)
    file = {"name": f"{name}.pdf", "mimeType": "application/pdf", "buffer": content}
    page.locator("input[type=file]").set_input_files([file])
    page.locator("form[method=post] button[type=submit]", has_text="OK").click()
    page.wait_for_url(re.compile("/depose"))


def seen(page: Page, name: str, state: str) -> None:
    """The row of the document says *state* sooner or later."""
    row = page.get_by_role("row").filter(has_text=name)
    for _ in range(2 * PATIENCE):
        page.goto("/documents")
        if state in row.inner_text():
            return
        page.wait_for_timeout(500)
    expect(row).to_contain_text(state)


def test_k24_k25_an_infected_file_is_shown_as_refused_and_never_served(world: World, tmp_path: Path) -> None:
    scanner, employer = ClamAV(tmp_path), logged_in(world)  # before the driver, whose loop takes this thread
    scanner.start()
    try:
        with (
            world.set_up_otherwise("documents", DOCUMENTS_CLAMD_ADDRESS=scanner.address),
            sync_playwright() as driver,
            launched(driver) as browser,
        ):
            page = browser.new_context(base_url=world.portal, locale="fr-FR").new_page()
            page.context.add_cookies([{"name": "session", "value": employer.token, "url": world.portal}])
            deposit(page, "Infecte", infected(letter(b"autre" * 99))[0])
            deposit(page, "Sain", letter(b"sain" * 99))
            seen(page, "Infecte", "Fichier refusé par l’analyse")
            seen(page, "Sain", "Télécharger")
            with page.expect_download() as found:
                page.get_by_role("row").filter(has_text="Sain").get_by_text("Télécharger").click()
            assert Path(found.value.path()).read_bytes() == letter(b"sain" * 99)
            assert page.get_by_role("row").filter(has_text="Infecte").get_by_text("Télécharger").count() == 0
    finally:
        scanner.stop()
