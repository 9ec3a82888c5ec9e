"""A real browser before the running portal; `espace test` names the stack in ESPACE_TEST_STACK."""

import json
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import (
    APIRequestContext,
    Browser,
    BrowserContext,
    Page,
    Response,
    expect,
)

from tests.browser import browser, playwright
from tests.journeys.outside import Employer, FunderSystem, Mailbox

__all__ = ["browser", "playwright"]  # fixtures
PATIENCE = 15_000  # milliseconds
expect.set_options(timeout=PATIENCE)


@pytest.fixture(scope="session")
def stack() -> dict[str, Any]:
    """Addresses of the running stack."""
    return json.loads(Path(os.environ["ESPACE_TEST_STACK"]).read_text())


@pytest.fixture(scope="session")
def portal(stack: dict[str, Any]) -> str:
    """The portal's address."""
    return stack["portal"]


@pytest.fixture(scope="session")
def mailbox(stack: dict[str, Any]) -> Mailbox:
    """Where all mails arrive."""
    return Mailbox(stack["mailbox"])


@pytest.fixture(scope="session")
def funder(stack: dict[str, Any]) -> FunderSystem:
    """The funder's systems."""
    return FunderSystem(stack["amqp"])


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Let fixtures know whether their test has failed."""
    report = yield
    if report.when == "call":
        item.stash[FAILED] = report.failed
    return report


FAILED = pytest.StashKey[bool]()


@pytest.fixture
def new_context(
    browser: Browser, portal: str, request: pytest.FixtureRequest
) -> Iterator[Callable[..., BrowserContext]]:
    """Makes browser profiles; what the browser complains of fails the test, failures leave a picture."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def make(**options: Any) -> BrowserContext:
        context = browser.new_context(base_url=portal, locale="fr-FR", accept_downloads=True, **options)
        context.set_default_timeout(PATIENCE)
        context.on("weberror", lambda error: complaints.append(str(error.error)))
        context.on(
            "console", lambda said: complaints.append(said.text) if "Content Security Policy" in said.text else None
        )
        context.on(
            "request", lambda asked: complaints.append(f"asked {asked.url}") if _is_outside(asked.url, portal) else None
        )
        context.on(
            "response", lambda answer: complaints.append(f"missing {answer.url}") if _is_missing(answer) else None
        )
        contexts.append(context)
        return context

    yield make
    if request.node.stash.get(FAILED, False):
        _picture(contexts, request.node.name, Path(os.environ["ESPACE_TEST_STACK"]).parent / "pictures")
    for context in contexts:
        context.close()
    assert complaints == []


def _is_missing(answer: Response) -> bool:
    return "/static/" in answer.url and answer.status >= 400


def _is_outside(url: str, portal: str) -> bool:
    return not url.startswith((portal, "data:", "blob:"))


def _picture(contexts: list[BrowserContext], name: str, folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    pages = [page for context in contexts for page in context.pages]
    for number, page in enumerate(pages):
        page.screenshot(path=folder / f"{re.sub(r'[^a-z0-9_]+', '-', name.lower())}-{number}.png", full_page=True)


@pytest.fixture
def page(new_context: Callable[..., BrowserContext]) -> Page:
    """A tab of a fresh browser."""
    return new_context(viewport={"width": 1280, "height": 860}).new_page()


@pytest.fixture
def employer(funder: FunderSystem, mailbox: Mailbox) -> Employer:
    """An employer whose first mail has arrived."""
    employer = Employer()
    funder.receive_requests(employer)
    mailbox.provisional(employer.address)
    return employer


@pytest.fixture
def inside(page: Page, employer: Employer, mailbox: Mailbox) -> Page:
    """The employer's own tab, its first login done, without drawing its pages: chapter 1 looks at those."""
    post_first_login(page.context.request, employer, mailbox)
    page.goto("/accueil")
    return page


def post_first_login(browser: APIRequestContext, employer: Employer, mailbox: Mailbox) -> None:
    """The forms of the first login, sent as the browser of *browser* would send them."""
    identifier, password = mailbox.provisional(employer.address)
    _post(browser, "/connexion", {"identifiant": identifier, "mot-de-passe": password})
    wanted = {"identifiant": employer.identifier, "mot-de-passe": employer.password}
    _post(browser, "/premiere-connexion", wanted)
    _post(browser, mailbox.confirmation_path(employer.address), {"mot-de-passe": employer.password})
    _post(browser, "/confidentialite", {"accord": "on"})


def _post(browser: APIRequestContext, path: str, fields: dict[str, str]) -> None:
    """Send the first form of the page at *path*, its hidden fields as they are."""
    text = browser.get(path).text()
    hidden = dict(re.findall(r'type="hidden"\s+name="([^"]+)"\s+value="([^"]*)"', text))
    answer = browser.post(path, form={**hidden, **fields})
    assert answer.ok, (path, answer.status)


def log_in(page: Page, identifier: str, password: str) -> None:
    """Fill in the login page."""
    page.goto("/connexion")
    page.get_by_label("Identifiant", exact=True).fill(identifier)
    page.get_by_label("Mot de passe", exact=True).fill(password)
    page.get_by_role("button", name="Se connecter").click()


def personalise(page: Page, identifier: str, password: str) -> None:
    """Fill in the wizard."""
    page.get_by_label("Nouvel identifiant").fill(identifier)
    page.get_by_label("Nouveau mot de passe").fill(password)
    page.get_by_role("button", name="Continuer").click()


def finish_first_login(page: Page, employer: Employer, mailbox: Mailbox) -> None:
    """From the provisional credentials to the space."""
    log_in(page, *mailbox.provisional(employer.address))
    personalise(page, employer.identifier, employer.password)
    expect(page.get_by_role("heading", name="Consultez votre messagerie")).to_be_visible()
    page.goto(mailbox.confirmation_path(employer.address))
    page.get_by_label("Nouveau mot de passe").fill(employer.password)
    page.get_by_role("button", name="Continuer").click()
    page.get_by_role("link", name="Accéder à mon espace personnel").click()
    page.get_by_label("J’ai lu la politique de confidentialité et je l’accepte.").check()
    page.get_by_role("button", name="Accepter et entrer dans mon espace").click()
    expect(page.get_by_role("heading", name="Bonjour")).to_be_visible()
