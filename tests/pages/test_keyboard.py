"""Everything by keyboard alone, and the names that a screen reader is given (WCAG 2.1.1, 2.4.3, 2.4.7, 4.1.2)."""

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.keyboard import go_to
from tests.pages.document_states import HOME, changed
from tests.pages.payment_states import ends_soon, half_ticked, many
from tests.pages.serving import Served
from tests.pages.state import State

COVERED = """() => {
  const box = document.activeElement.getBoundingClientRect();
  const on_top = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
  const bar = on_top ? on_top.closest(".totals, .month") : document.documentElement;
  return bar && !bar.contains(document.activeElement) ? document.activeElement.outerHTML : null;
}"""


@pytest.fixture
def desk(browser: Browser) -> Page:
    """A tab of its own, never touched with a mouse."""
    context = browser.new_context(locale="fr-FR", viewport={"width": 1280, "height": 800}, reduced_motion="reduce")
    context.set_default_timeout(10_000)
    yield context.new_page()
    context.close()


def show(page: Page, portal: Served, state: State) -> None:
    """Open it."""
    assert state.show(page, portal.bus, origin=portal.origin) == state.status


def test_the_skip_link_comes_first_and_leads_past_the_menu(desk: Page, portal: Served) -> None:
    show(desk, portal, State("x", "/reglements"))
    desk.keyboard.press("Tab")
    expect(desk.get_by_role("link", name="Aller au contenu")).to_be_focused()
    expect(desk.get_by_role("link", name="Aller au contenu")).to_be_in_viewport()
    desk.keyboard.press("Enter")
    expect(desk.locator("#contenu")).to_be_focused()
    desk.keyboard.press("Tab")
    assert desk.evaluate("document.activeElement.closest('main') !== null")


def test_s30_slash_goes_to_the_search_and_enter_searches(desk: Page, portal: Served) -> None:
    show(desk, portal, State("x", "/reglements"))
    desk.keyboard.press("/")
    expect(desk.get_by_label("N° dossier / N° règlement")).to_be_focused()
    desk.keyboard.type("18RCDI")
    desk.keyboard.press("Enter")
    expect(desk.locator("tbody.line")).to_have_count(2)


def test_escape_closes_the_menu_and_gives_the_focus_back(desk: Page, portal: Served) -> None:
    show(desk, portal, State("x", "/accueil"))
    summary = desk.locator(".account > summary")
    summary.focus()
    desk.keyboard.press("Enter")
    expect(desk.get_by_role("link", name="Mon compte")).to_be_visible()
    desk.keyboard.press("Escape")
    expect(desk.get_by_role("link", name="Mon compte")).to_be_hidden()
    expect(summary).to_be_focused()


def test_s27_s32_a_row_is_opened_and_ticked(desk: Page, portal: Served) -> None:
    show(desk, portal, State("x", "/reglements"))
    row = desk.locator("tbody.line").first
    row.locator("summary").focus()
    desk.keyboard.press("Enter")
    expect(row.locator("tr.detail")).to_be_visible()
    go_to(desk, re.compile(r"^Pointer le règlement n°\s806112, dossier 19GE00565$"), "checkbox")
    desk.keyboard.press("Space")
    expect(desk.locator("#etat")).to_contain_text("806112")
    assert "806112" in portal.bus.ticks
    expect(desk.locator("input[value='806112'][type=checkbox]")).to_be_focused()


@pytest.mark.parametrize("address", ["/documents/ajouter", f"{HOME}/modifier"])
def test_s38_the_category_can_be_typed_on_while_its_form_comes(desk: Page, portal: Served, address: str) -> None:
    show(desk, portal, State("x", address, changed))
    choice = desk.get_by_label("Catégorie du document")
    choice.evaluate("element => { element.stays = true }")
    choice.focus()
    before = choice.input_value()
    desk.keyboard.press("ArrowDown")
    expect(desk.locator("#depot input[name=categorie]")).not_to_have_value(before)
    expect(desk.locator("#depot input[name=categorie]")).to_have_value(choice.input_value())
    assert choice.evaluate("element => element.stays === true && element === document.activeElement")


@pytest.mark.parametrize(("width", "height"), [(1280, 800), (375, 667)])
def test_the_sticky_totals_cover_nothing_that_has_the_focus(
    desk: Page, portal: Served, width: int, height: int
) -> None:
    desk.set_viewport_size({"width": width, "height": height})
    show(desk, portal, State("x", "/reglements", many))
    desk.locator("tbody.line summary").nth(30).focus()
    for _ in range(60):
        desk.keyboard.press("Shift+Tab")
        assert desk.evaluate(COVERED) is None


def test_s36_s48_a_file_is_deleted_after_a_dialog_that_keeps_the_focus(desk: Page, portal: Served) -> None:
    show(desk, portal, State("x", "/documents", changed))
    go_to(desk, "Supprimer RIB 2020", "link")
    desk.keyboard.press("Enter")
    dialog = desk.get_by_role("dialog", name=re.compile("Supprimer"))
    expect(dialog).to_be_visible()
    expect(dialog.get_by_role("link", name="Annuler")).to_be_focused()
    for _ in range(4):
        desk.keyboard.press("Tab")
        assert desk.evaluate("document.activeElement === document.body || !!document.activeElement.closest('dialog')")
    desk.keyboard.press("Escape")
    desk.wait_for_url("**/documents")


def test_s41_the_confirmation_of_a_deposit_is_a_dialog_whose_ok_has_the_focus(desk: Page, portal: Served) -> None:
    show(desk, portal, State("x", f"/documents/{portal.bus.documents[0].document_id}/depose"))
    dialog = desk.get_by_role("dialog", name="Votre document est bien déposé")
    expect(dialog.get_by_role("button", name="OK")).to_be_focused()
    desk.keyboard.press("Enter")
    desk.wait_for_url("**/documents")


def test_s18_the_first_faulty_field_has_the_focus_without_a_script(browser: Browser, portal: Served) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    show(page, portal, State("x", "/reglements?au=hier&travaille_du=demain", status=422))
    expect(page.locator("#au")).to_be_focused()
    expect(page.locator("#au")).to_have_accessible_description(re.compile("Saisissez une date"))
    context.close()


def test_k16_the_session_says_that_it_ends_and_is_prolonged(desk: Page, portal: Served) -> None:
    show(desk, portal, State("x", "/accueil", ends_soon))
    warning = desk.get_by_role("status").filter(has_text="Votre session se ferme dans 2 minutes.")
    expect(warning).to_be_visible()
    go_to(desk, "Rester connecté", "button")
    with desk.expect_response("**/api/v1/session") as answer:
        desk.keyboard.press("Enter")
    assert answer.value.ok


def test_s24_the_list_as_a_screen_reader_tells_it(desk: Page, portal: Served) -> None:
    show(desk, portal, State("x", "/reglements", half_ticked))
    expect(desk.get_by_role("search", name="Rechercher des règlements")).to_be_visible()
    expect(desk.locator("table.payments")).to_match_aria_snapshot("""
      - table "Règlements, par mois, date et numéro de dossier":
        - rowgroup:
          - row:
            - columnheader "Date"
            - columnheader "Dossier"
            - columnheader "Bénéficiaire"
            - columnheader "Montant"
            - columnheader "Avis de virement"
            - columnheader "Pointé"
    """)
    opener = desk.locator("tbody.line summary").first
    expect(opener).to_have_accessible_name(re.compile(r"^19GE00565, MARTIN Audrey, 11\sdéc\.\s: détail$"))
    for box in desk.get_by_role("checkbox").all()[:4]:
        expect(box).to_have_accessible_name(re.compile(r"^Pointer le règlement n°\s\d+, dossier \w+$"))
    expect(desk.locator("#etat")).to_have_attribute("role", "status")


@pytest.mark.parametrize("path", ["/accueil", "/reglements", "/documents"])
def test_nothing_moves_while_the_page_comes(desk: Page, portal: Served, path: str) -> None:
    desk.add_init_script("""
      globalThis.moved = 0;
      new PerformanceObserver((list) => { for (const one of list.getEntries()) moved += one.value; })
        .observe({ type: "layout-shift", buffered: true });
    """)
    show(desk, portal, State("x", path, half_ticked))
    desk.wait_for_load_state("networkidle")
    # 0.1 is the most that counts as good; a page that a busy machine painted in two parts once gave 0.001
    assert desk.evaluate("moved") < 0.005
