"""What was typed is never lost: a session that ends, a service that is away, a form that was refused (K16)."""

from collections.abc import Iterator

import pytest
from espace_contracts import documents, errors, identity
from playwright.sync_api import Browser, Page, expect

from tests.doubles.identity import session
from tests.pages.payment_states import ends_soon
from tests.pages.serving import Served
from tests.pages.state import State, press, send

PLACE = "/documents/ajouter?categorie=bank_details"
LABEL = "RIB de la succursale"
SENT = send("form[data-upload]", libelle=LABEL)
BACK = "Ce que vous aviez saisi est revenu"


@pytest.fixture
def desk(browser: Browser) -> Iterator[Page]:
    """A tab of its own, with a clock that tests can put forward."""
    context = browser.new_context(locale="fr-FR")
    context.set_default_timeout(10_000)
    page = context.new_page()
    page.clock.install()
    yield page
    context.close()


def test_k16_a_refused_form_comes_back_from_the_page_that_says_the_session_is_over(desk: Page, portal: Served) -> None:
    refused = State("x", PLACE, ends_soon, SENT, 422)
    assert refused.show(desk, portal.bus, origin=portal.origin) == 422
    desk.clock.fast_forward("05:00")
    again = desk.get_by_role("link", name="Se reconnecter")
    expect(again).to_have_attribute("href", PLACE)
    portal.bus.session = None
    again.click()
    portal.bus.session = session()
    press("Se connecter", identifiant="paie.tilleuls", mot_de_passe="x")(desk)
    assert desk.url == portal.origin + PLACE
    expect(desk.get_by_role("status").filter(has_text=BACK)).to_be_visible()
    expect(desk.locator("#libelle")).to_have_value(LABEL)


def test_k20_a_form_that_nobody_could_take_comes_back_when_it_is_tried_again(desk: Page, portal: Served) -> None:
    def away_meanwhile(page: Page) -> None:
        portal.bus.refuse(documents.LIST_CATEGORIES, errors.Unavailable())
        SENT(page)

    assert State("x", PLACE, then=away_meanwhile, status=503).show(desk, portal.bus, origin=portal.origin) == 503
    portal.bus.refusals.clear()
    desk.get_by_role("link", name="Réessayer").click()
    expect(desk.locator("#libelle")).to_have_value(LABEL)
    assert desk.url == portal.origin + PLACE


def test_k20_it_does_also_when_nobody_could_say_who_sent_it(desk: Page, portal: Served) -> None:
    def nobody_known(page: Page) -> None:
        portal.bus.refuse(identity.CHECK_SESSION, errors.Unavailable())
        SENT(page)

    assert State("x", PLACE, then=nobody_known, status=503).show(desk, portal.bus, origin=portal.origin) == 503
    portal.bus.refusals.clear()
    desk.get_by_role("link", name="Réessayer").click()
    expect(desk.locator("#libelle")).to_have_value(LABEL)


def test_k16_what_was_refused_and_then_left_on_purpose_does_not_come_back(desk: Page, portal: Served) -> None:
    refused = State("x", PLACE, then=SENT, status=422)
    assert refused.show(desk, portal.bus, origin=portal.origin) == 422
    desk.goto(portal.origin + "/documents")
    desk.goto(portal.origin + PLACE)
    expect(desk.locator("#libelle")).to_have_value("")
