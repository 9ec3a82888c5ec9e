"""Every page in every state (S55, K18): WCAG 2.2 AA by axe-core, no sideways scroll, nothing that the CSP stops, and no
control on paper.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gateway.assets_build import MODULES
from tests.pages.catalogue import STATES
from tests.pages.conftest import Tab
from tests.pages.serving import Served
from tests.pages.state import LAY_OUT, State, look

AXE = Path(MODULES / "axe-core" / "axe.min.js").read_text(encoding="utf-8")
WIDE, NARROW = {"width": 1200, "height": 800}, {"width": 320, "height": 640}
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "RGAAv4", "best-practice"]
# Where scripts are off, timers never ring, and axe-core waits for them
TIMERS = "globalThis.setTimeout = (then) => { Promise.resolve().then(then); return 0; };"
# On a wide screen most pages are the same without scripts
DIFFERS = "document.querySelector('noscript, dialog, [data-without-script]') !== null"
LOOK = """(rules) => axe
  .run(document, { runOnly: rules, resultTypes: ["violations"] })
  .then((found) => found.violations.map((one) => `${one.id}: ${one.nodes.map((node) => node.target.join(" ")).join(" | ")}`))
"""

PRINTED = """() => [...document.querySelectorAll("button, .btn, nav, [role=search], .menu, .skip")]
  .filter((one) => one.checkVisibility())
  .map((one) => one.outerHTML)
"""


@pytest.mark.parametrize("state", STATES, ids=lambda state: state.name)
def test_s55_everybody_can_use_the_page(tab: Tab, portal: Served, state: State) -> None:
    if state.scripted and not tab.scripts:
        state = replace(state, then=look)
    page = tab.page
    page.set_viewport_size(WIDE)
    tab.complaints.clear()
    assert state.show(page, portal.bus, origin=portal.origin) == state.status
    page.evaluate(AXE if tab.scripts else TIMERS + AXE)
    looked = tab.scripts or page.evaluate(DIFFERS)
    found: dict[str, Any] = {"wide": page.evaluate(LOOK, RULES) if looked else []}
    page.set_viewport_size(NARROW)
    page.evaluate(LAY_OUT)
    found["narrow"] = page.evaluate(LOOK, RULES)
    found["sideways"] = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    found["policy"] = page.evaluate("globalThis.violations ?? []")
    page.emulate_media(media="print")
    found["printed"] = page.evaluate(PRINTED)
    page.emulate_media(media="screen")
    assert found == {"wide": [], "narrow": [], "sideways": 0, "policy": [], "printed": []}
    assert tab.complaints == []
