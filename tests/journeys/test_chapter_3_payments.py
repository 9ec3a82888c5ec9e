"""Chapter 3 of the guide: the tab Règlements (S23 to S33)."""

import io
import re
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect
from python_calamine import CalamineWorkbook

from tests.journeys.conftest import log_in
from tests.journeys.outside import LONGEST_WAIT, PAYMENTS, Employer, FunderSystem

SPACES = re.compile(r"[\s\u00a0\u202f]+")


def plain(locator: Locator) -> str:
    """What stands there, with ordinary spaces (S55)."""
    return SPACES.sub(" ", locator.inner_text()).strip()


@pytest.fixture
def paid(inside: Page, employer: Employer, funder: FunderSystem) -> Page:
    """The tab Règlements with the guide's payments on it."""
    funder.pay(employer)
    end = time.monotonic() + LONGEST_WAIT
    while inside.goto("/reglements") and inside.locator("tbody.line").count() < len(PAYMENTS):
        assert time.monotonic() < end, "the payments have not arrived"
        time.sleep(0.2)
    return inside


def line(page: Page, employer: Employer, dossier: str, day: str) -> Locator:
    """The row of a date and dossier."""
    return page.locator("tbody.line").filter(has_text=employer.dossier(dossier)).filter(
        has_text=re.compile(day.replace(" ", "[\\s\u00a0]"))
    )  # fmt: skip


def test_s24_s25_s26_months_dates_dossiers_and_totals_to_the_cent(paid: Page, employer: Employer) -> None:
    months = paid.locator("tbody.month")
    assert [plain(month.locator("th")).lower() for month in months.all()] == [
        "décembre 2019", "novembre 2019", "octobre 2019",
    ]  # fmt: skip
    assert [plain(month.locator("td.num")) for month in months.all()] == ["5 529,88 €", "6 109,26 €", "18 121,01 €"]
    rows = [
        (plain(row.locator(".date")), plain(row.locator("summary")), plain(row.locator(".amount").first))
        for row in paid.locator("tbody.line").all()
    ]
    expected = [
        ("11 déc.", "19GE00565", "2 764,94 €"),
        ("11 déc.", "19XX00565", "2 764,94 €"),
        ("21 nov.", "19GE00565", "3 054,63 €"),
        ("21 nov.", "19XX00565", "3 054,63 €"),
        ("31 oct.", "18RCDI4786", "3 826,63 €"),
        ("21 oct.", "19GE00565", "2 816,51 €"),
        ("21 oct.", "19XX00565", "2 816,51 €"),
        ("14 oct.", "18RCDI4786", "8 661,36 €"),
    ]
    assert rows == [(day, employer.dossier(dossier), amount) for day, dossier, amount in expected]
    assert plain(paid.locator("#totaux .sum dd")) == "29 760,15 €"


def test_s27_s28_opening_a_row(paid: Page, employer: Employer) -> None:
    row = line(paid, employer, "18RCDI4786", "31 oct.")
    expect(row.locator("tr.detail")).to_be_hidden()
    row.locator("summary").click()
    expect(row.locator("tr.detail")).to_be_visible()
    said = plain(row.locator("tr.detail"))
    assert "DUPUIS Audrey - INFIRMIER BLOC OPERATOIRE" in said
    number = employer.number("803455")
    assert f"Règlement n°{number} - 151,67 heures payées - Période du 01/09/2019 au 30/09/2019" in said
    two = line(paid, employer, "18RCDI4786", "14 oct.")
    two.locator("summary").click()
    assert "Périodes du 01/07/2019 au 31/07/2019 et du 01/08/2019 au 31/08/2019" in plain(two.locator("tr.detail"))


def test_s32_a_tick_is_saved_at_once_persists_and_can_be_undone(paid: Page, employer: Employer) -> None:
    number = employer.number("803455")
    box = paid.locator(f"input[type=checkbox][value='{number}']")
    box.check()
    expect(paid.locator("#etat")).to_contain_text(f"Règlement n°\u00a0{number} pointé.")
    assert plain(paid.locator("#totaux .left dd")) == "25 933,52 €"
    assert plain(paid.locator("#totaux .ticked dd")) == "3 826,63 €"
    paid.reload()
    expect(box).to_be_checked()
    line(paid, employer, "18RCDI4786", "31 oct.").locator("summary").click()
    expect(paid.get_by_text(f"Pointé par {employer.identifier}")).to_be_visible()
    box.uncheck()
    expect(paid.locator("#etat")).to_contain_text("retiré")
    paid.get_by_role("button", name="Annuler").click()
    expect(box).to_be_checked()


def test_s32_a_tick_is_seen_by_the_colleague(
    paid: Page, employer: Employer, new_context: Callable[..., BrowserContext]
) -> None:
    paid.locator(f"input[type=checkbox][value='{employer.number('806112')}']").check()
    expect(paid.locator("#etat")).to_contain_text("pointé")
    other = new_context().new_page()
    log_in(other, employer.identifier, employer.password)
    other.goto("/reglements?pointe=oui")
    expect(other.locator("tbody.line")).to_have_count(1)
    assert plain(other.locator("#totaux .sum dd")) == "2 764,94 €"


def test_s32_a_whole_month_is_ticked_with_one_button(paid: Page) -> None:
    paid.get_by_role("button", name=re.compile("Tout pointer en novembre")).click()
    expect(paid.locator("#mois-2019-11")).to_contain_text("Pointé")
    assert plain(paid.locator("#totaux .ticked dd")) == "6 109,26 €"


def test_s32_ticks_work_without_script(
    paid: Page, employer: Employer, new_context: Callable[..., BrowserContext]
) -> None:
    still = new_context(java_script_enabled=False).new_page()
    log_in(still, employer.identifier, employer.password)
    still.goto("/reglements?q=18RCDI")
    for number in ("803455", "803090"):
        still.locator(f"input[type=checkbox][value='{employer.number(number)}']").check()
    still.get_by_role("button", name="Enregistrer le pointage").click()
    expect(still.get_by_text("2 règlements pointés.")).to_be_visible()
    assert plain(still.locator("#totaux .left dd")) == "0,00 €"


def test_s30_s31_the_search_narrows_and_its_totals_are_of_the_results(paid: Page, employer: Employer) -> None:
    paid.get_by_label("N° dossier / N° règlement").fill(employer.dossier("18rcdi4786").lower())
    paid.get_by_label("Du", exact=True).fill("15-10-19")
    paid.get_by_role("button", name="Rechercher").click()
    expect(paid.locator("tbody.line")).to_have_count(1)
    assert plain(paid.locator("#totaux .sum dd")) == "3 826,63 €"
    assert "q=" in paid.url
    paid.go_back()
    expect(paid.locator("tbody.line")).to_have_count(len(PAYMENTS))
    paid.goto(f"/reglements?q=n%C2%B0{employer.number('806113')}")
    expect(paid.locator("tbody.line")).to_have_count(1)


def test_s30_nothing_found_and_bad_dates_are_said(paid: Page) -> None:
    paid.goto("/reglements?q=999999")
    expect(paid.get_by_role("heading", name="Aucun règlement ne correspond à cette recherche")).to_be_visible()
    answer = paid.goto("/reglements?du=31/02/2019")
    assert answer is not None
    assert answer.status == 422
    expect(paid.get_by_text("Saisissez une date comme 11/12/2019.")).to_be_visible()


def test_s33_the_excel_file_holds_the_search_as_dates_and_numbers(paid: Page, employer: Employer) -> None:
    paid.goto("/reglements?du=01/10/2019&au=31/10/2019")
    with paid.expect_download() as waited:
        paid.get_by_role("link", name=re.compile("^Exporter")).click()
    assert waited.value.suggested_filename.endswith(".xlsx")
    rows = (
        CalamineWorkbook.from_filelike(io.BytesIO(Path(waited.value.path()).read_bytes()))
        .get_sheet_by_index(0)
        .to_python()
    )
    lines = [row for row in rows if any(str(cell).startswith("80") and employer.mark in str(cell) for cell in row)]
    assert len(lines) == 4
    amounts = sorted(cell for row in lines for cell in row if isinstance(cell, float) and cell > 1000)
    assert amounts == [2816.51, 2816.51, 3826.63, 8661.36]
    days = {cell for row in lines for cell in row if isinstance(cell, date)}
    assert {date(2019, 10, 31), date(2019, 10, 21), date(2019, 10, 14)} <= days


def test_a_session_that_ended_meanwhile_leads_back_to_the_login(paid: Page, employer: Employer) -> None:
    paid.context.clear_cookies()
    paid.locator(f"input[type=checkbox][value='{employer.number('803455')}']").click()
    expect(paid.get_by_role("heading", name="Connexion")).to_be_visible()


@pytest.mark.parametrize("width", [320, 375])
def test_no_sideways_scroll_on_a_phone(paid: Page, width: int) -> None:
    paid.set_viewport_size({"width": width, "height": 740})
    for address in ("/accueil", "/reglements", "/documents", "/documents/ajouter", "/dossiers", "/compte"):
        paid.goto(address)
        assert paid.evaluate("document.documentElement.scrollWidth") <= width, address
