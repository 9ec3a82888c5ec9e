"""A person who has a keyboard alone."""

import re

from playwright.sync_api import Locator, Page

LIMIT = 80  # presses of Tab


def go_to(page: Page, name: str | re.Pattern[str], role: str, *, exact: bool = False) -> None:
    """Press Tab until the element of that role and name has the focus, which shows wherever it is."""
    press_tab_until(page, page.get_by_role(role, name=name, exact=exact).first, str(name))


def press_tab_until(page: Page, wanted: Locator, name: str) -> None:
    """Press Tab until *wanted* has the focus, which shows wherever it is."""
    for _ in range(LIMIT):
        page.keyboard.press("Tab")
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline != "none", page.evaluate("document.activeElement.outerHTML")
        if wanted.evaluate("element => element === document.activeElement"):
            return
    raise AssertionError(f"{name} is not reached by Tab")
