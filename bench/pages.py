"""The three main pages as Chromium times them: first paint, largest paint, what moves, how long the page is deaf.

The gateway answers from canned services in this process, so that the pages themselves are measured: Lighthouse's
telephone (150 ms, 1.6 Mbit/s, a processor four times slower), nothing in the cache. The reference is what web.dev calls
good; the blocking time is its total blocking time: what long tasks take beyond 50 ms each once something is painted.
Style sheets and scripts come compressed, as the gateway has them; the HTML does not: that is a proxy's part.
"""

import logging
import statistics
from typing import Any

import structlog
from playwright.sync_api import Browser, sync_playwright

from bench import results_file
from tests.browser import launched
from tests.pages.payment_states import half_ticked, many
from tests.pages.serving import Served, served
from tests.pages.state import Prepare, State

ROUNDS = 5
PATIENCE = 120_000  # milliseconds
PAGES: dict[str, tuple[str, Prepare]] = {
    "accueil": ("/accueil", half_ticked),
    "reglements": ("/reglements", many),
    "documents": ("/documents", half_ticked),
}
GOOD = {
    "fcp": ("first contentful paint", 1800),
    "lcp": ("largest contentful paint", 2500),
    "tbt": ("total blocking time", 200),
}
TELEPHONE = {"offline": False, "latency": 150, "downloadThroughput": 200_000, "uploadThroughput": 94_000}
OBSERVE = """
globalThis.seen = { fcp: 0, lcp: 0, cls: 0, tasks: [] };
const watch = (type, note) => new PerformanceObserver((list) => list.getEntries().forEach(note)).observe({ type, buffered: true });
watch("paint", (one) => { if (one.name === "first-contentful-paint") seen.fcp = one.startTime; });
watch("largest-contentful-paint", (one) => { seen.lcp = one.startTime; });
watch("layout-shift", (one) => { seen.cls += one.value; });
watch("longtask", (one) => { seen.tasks.push([one.startTime, one.startTime + one.duration]); });
"""
BLOCKS = (
    "({ tasks, fcp }) => tasks.reduce((sum, [begin, end]) => sum + Math.max(0, end - Math.max(begin, fcp) - 50), 0)"
)


def timed(browser: Browser, portal: Served, name: str) -> dict[str, float]:
    """One visit with an empty cache."""
    path, prepare = PAGES[name]
    context = browser.new_context(viewport={"width": 412, "height": 823}, device_scale_factor=1.75, is_mobile=True)
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    page.add_init_script(OBSERVE)
    tools = context.new_cdp_session(page)
    tools.send("Network.enable")
    tools.send("Network.emulateNetworkConditions", TELEPHONE)
    tools.send("Emulation.setCPUThrottlingRate", {"rate": 4})
    State(name, path, prepare).show(page, portal.bus, origin=portal.origin)
    page.wait_for_load_state("networkidle")
    found: dict[str, float] = page.evaluate(f"({{ ...seen, tbt: ({BLOCKS})(seen) }})")
    context.close()
    return found


def lines_of(name: str, visits: list[dict[str, float]]) -> list[dict[str, Any]]:
    """The medians beside what is called good; of what moves, all that was seen."""
    lines = []
    for key, (words, good) in GOOD.items():
        ours = max(1.0, round(statistics.median(visit[key] for visit in visits), 1))
        common: dict[str, Any] = {"unit": "ms", "reference_name": "good", "goal": 1.0, "rounds": ROUNDS}
        lines.append(results_file.compared(f"{name}-{key}", words, ours=ours, reference=good, **common))
    moved = max(visit["cls"] for visit in visits)
    common = {"unit": "1 + layout shift", "reference_name": "nothing moves", "goal": 1.0, "rounds": ROUNDS}
    lines.append(results_file.compared(f"{name}-cls", "what moves", ours=round(1 + moved, 4), reference=1, **common))
    return lines


def main() -> None:
    """Take turns, round by round."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    visits: dict[str, list[dict[str, float]]] = {name: [] for name in PAGES}
    with served() as portal, sync_playwright() as driver, launched(driver) as browser:
        for _ in range(ROUNDS):
            for name, seen in visits.items():
                seen.append(timed(browser, portal, name))
    results_file.write("pages", [line for name, seen in visits.items() for line in lines_of(name, seen)])


if __name__ == "__main__":
    main()
