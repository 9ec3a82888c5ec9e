"""The portal over canned answers, and one tab with and one without JavaScript that walk through its states."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Browser, Page

from tests.browser import browser, playwright
from tests.pages.serving import Served, served

__all__ = ["browser", "playwright"]  # fixtures
PATIENCE = 10_000  # milliseconds
LISTEN = """
globalThis.violations = [];
addEventListener("securitypolicyviolation", (found) => violations.push(`${found.violatedDirective}: ${found.blockedURI}`));
"""


@dataclass
class Tab:
    """A tab, and what its browser has complained of."""

    page: Page
    scripts: bool
    complaints: list[str] = field(default_factory=list)


@pytest.fixture(scope="session")
def portal() -> Iterator[Served]:
    """The gateway, answering."""
    with served() as portal:
        yield portal


@pytest.fixture(scope="session", params=[True, False], ids=["script", "no script"])
def tab(request: pytest.FixtureRequest, browser: Browser) -> Iterator[Tab]:
    """A tab that lasts: opening one for each state would take longer than what is looked at."""
    context = browser.new_context(locale="fr-FR", java_script_enabled=request.param, reduced_motion="reduce")
    context.set_default_timeout(PATIENCE)
    context.add_init_script(LISTEN)
    tab = Tab(context.new_page(), request.param)
    tab.page.on("pageerror", lambda error: tab.complaints.append(str(error)))
    tab.page.on("console", lambda said: tab.complaints.append(said.text) if _counts(said.type, said.text) else None)
    yield tab
    context.close()


def _counts(kind: str, text: str) -> bool:
    """Errors count; that a page was drawn with a status of 400 or more is no error of its own."""
    return kind == "error" and not text.startswith("Failed to load resource: the server responded with a status of")
