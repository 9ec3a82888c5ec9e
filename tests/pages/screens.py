"""`make screens`: every page state as a picture, wide, on a phone and on paper, with an index to look through."""

import html
import logging
import sys
import time
from pathlib import Path

import structlog
from playwright.sync_api import Page, sync_playwright

from tests.browser import launched
from tests.pages.catalogue import STATES
from tests.pages.serving import Served, served
from tests.pages.state import LAY_OUT, State

WIDE, PHONE, PAPER = {"width": 1280, "height": 860}, {"width": 375, "height": 760}, {"width": 718, "height": 1030}
KINDS = ("large", "telephone", "papier")
INDEX = """<!DOCTYPE html>
<html lang="fr"><meta charset="utf-8"><title>Tous les états des pages</title>
<style>body {{ font: 16px sans-serif }} img {{ max-width: 100%; border: 1px solid #ccc }} div {{ display: flex; gap: 1rem; align-items: start }}
div a:nth-child(1) {{ flex: 5 }} div a:nth-child(2) {{ flex: 2 }} div a:nth-child(3) {{ flex: 3 }}</style>
<h1>{count} états</h1>
{rows}
</html>
"""


def main(folder: Path) -> None:
    """Draw all of them into *folder*."""
    folder.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    with served() as portal, sync_playwright() as driver, launched(driver) as browser:
        page = browser.new_context(locale="fr-FR").new_page()
        for state in STATES:
            draw(state, portal, page, folder)
    (folder / "index.html").write_text(INDEX.format(count=len(STATES), rows="\n".join(map(row, STATES))))
    sys.stdout.write(f"{len(STATES)} states in {time.monotonic() - began:.0f} s: {folder / 'index.html'}\n")


def draw(state: State, portal: Served, page: Page, folder: Path) -> None:
    """The three pictures of one state."""
    page.emulate_media(media="screen")
    page.set_viewport_size(WIDE)
    status = state.show(page, portal.bus, origin=portal.origin)
    if status != state.status:
        raise AssertionError(f"{state.name}: {status} instead of {state.status}")
    shoot(page, folder / f"{state.name}-large.png")
    page.set_viewport_size(PHONE)
    page.evaluate(LAY_OUT)
    shoot(page, folder / f"{state.name}-telephone.png")
    page.set_viewport_size(PAPER)
    page.emulate_media(media="print")
    shoot(page, folder / f"{state.name}-papier.png")


def shoot(page: Page, path: Path) -> None:
    """The whole page, or all of its open window."""
    page.screenshot(path=path, full_page=True, animations="disabled")


def row(state: State) -> str:
    """The state in the index."""
    name = html.escape(state.name)
    pictures = "".join(
        f'<a href="{name}-{kind}.png"><img loading="lazy" src="{name}-{kind}.png"></a>' for kind in KINDS
    )
    return f'<h2 id="{name}">{name} <small>{html.escape(state.path)}</small></h2><div>{pictures}</div>'


if __name__ == "__main__":
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    main(Path(sys.argv[1]))
