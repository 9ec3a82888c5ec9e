"""Chapter 3 of the guide, further on: many ticks at once, CSV, remittance advices."""

import csv
import io
import re
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import BrowserContext, Page, expect

from tests.journeys.conftest import log_in
from tests.journeys.outside import Employer
from tests.journeys.test_chapter_3_payments import line, paid, plain

__all__ = ["paid"]  # the fixture


def test_s32_the_whole_search_is_ticked_and_taken_back_in_place(paid: Page, employer: Employer) -> None:
    paid.goto(f"/reglements?q={employer.dossier('18RCDI4786')}")
    loaded: list[str] = []
    paid.on("load", lambda page: loaded.append(page.url))
    paid.get_by_role("button", name=re.compile("^Pointer les 2 qui restent")).click()
    expect(paid.locator("#etat")).to_contain_text("2 règlements pointés.")
    expect(paid.locator("input[name=pointe]:checked")).to_have_count(2)
    assert plain(paid.locator("#totaux .left dd")) == "0,00 €"
    paid.locator("#etat").get_by_role("button", name="Annuler").click()
    expect(paid.locator("#etat")).to_contain_text("Pointage de 2 règlements retiré.")
    expect(paid.locator("input[name=pointe]:checked")).to_have_count(0)
    assert loaded == [], "the page was never loaded anew"


def test_s32_the_whole_search_is_ticked_and_taken_back_without_script(
    paid: Page, employer: Employer, new_context: Callable[..., BrowserContext]
) -> None:
    still = new_context(java_script_enabled=False).new_page()
    log_in(still, employer.identifier, employer.password)
    still.goto("/reglements")
    still.get_by_role("button", name=re.compile("Tout pointer en octobre")).click()
    expect(still.locator("#etat")).to_contain_text("4 règlements pointés.")
    still.get_by_role("button", name=re.compile("^Pointer les 4 qui restent")).click()
    expect(still.get_by_text("Tout est pointé.")).to_be_visible()
    still.locator("#etat").get_by_role("button", name="Annuler").click()
    expect(still.locator("#etat")).to_contain_text("Pointage de 4 règlements retiré.")
    assert plain(still.locator("#totaux .ticked dd")) == "18 121,01 €"


def test_s33_csv_of_the_search(paid: Page, employer: Employer) -> None:
    paid.goto("/reglements?du=01/10/2019&au=31/10/2019")
    with paid.expect_download() as waited:
        paid.get_by_role("link", name=re.compile("^CSV")).click()
    content = Path(waited.value.path()).read_bytes().decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(content, newline=""), delimiter=";"))
    assert [row["Montant"] for row in rows] == ["3826,63", "2816,51", "2816,51", "8661,36"]
    assert rows[0]["N° règlement"] == employer.number("803455")


def test_s34_a_row_leads_to_its_remittance_advice(paid: Page, employer: Employer) -> None:
    number = employer.number("803455")
    row = line(paid, employer, "18RCDI4786", "31 oct.")
    with paid.expect_download() as waited:
        row.get_by_role("link", name=re.compile(f"^Avis de virement du règlement n°.{number}")).click()
    assert Path(waited.value.path()).read_bytes().startswith(b"%PDF")
    assert waited.value.suggested_filename == f"avis-de-virement-{number}.pdf"
