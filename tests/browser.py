"""The system's Chromium, for pages in front of canned answers and for journeys through the whole portal.

Its headless shell where there is one: the same engine without a desktop's windows, at half the processor's time.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, Playwright, sync_playwright


@contextmanager
def launched(driver: Playwright) -> Iterator[Browser]:
    """A browser whose person reads French; its own words, such as those of a field for files, may be English."""
    chromium = shutil.which("chromium-headless-shell") or "/usr/bin/chromium"
    environment = {**os.environ, "LANGUAGE": "fr", "LANG": "C.UTF-8"}
    browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--lang=fr-FR"], env=environment)
    try:
        yield browser
    finally:
        browser.close()


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    """The driver."""
    with sync_playwright() as driver:
        yield driver


@pytest.fixture(scope="session")
def browser(playwright: Playwright) -> Iterator[Browser]:
    """The browser of this run."""
    with launched(playwright) as browser:
        yield browser
