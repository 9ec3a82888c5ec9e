"""What a page's state is: an address, what the services know by then, what a person does there."""

import base64
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import orjson
from playwright.sync_api import Page

from gateway.flash import COOKIE
from gateway.session import Cookies
from tests.doubles.bus import FakeBus
from tests.doubles.portal import TOKEN

# A telephone lays out rows as they are scrolled to; what looks at the whole page wants all of them
LAY_OUT = "for (const row of document.querySelectorAll('.payments .line')) row.style.contentVisibility = 'visible'"

Prepare = Callable[[FakeBus], None]
Act = Callable[[Page], None]


def as_it_is(_bus: FakeBus) -> None:
    """The canned answers as they are."""


def look(_page: Page) -> None:
    """Nothing but opening the page."""


@dataclass(frozen=True)
class State:
    """A page in one state. *said* is the sentence that the page before left; *scripted* ones need JavaScript."""

    name: str
    path: str
    given: Prepare = as_it_is
    then: Act = look
    status: int = 200
    said: dict[str, Any] = field(default_factory=dict)
    scripted: bool = False

    def show(self, page: Page, bus: FakeBus, *, origin: str) -> int:
        """Bring *page* into this state; the status of the answer that drew it."""
        bus.forget()
        self.given(bus)
        cookies = {Cookies(secure=False).session: TOKEN}
        if self.said:
            cookies[COOKIE] = base64.urlsafe_b64encode(orjson.dumps(self.said)).decode()
        page.context.clear_cookies()
        page.context.add_cookies([{"name": name, "value": value, "url": origin} for name, value in cookies.items()])
        answers: list[int] = []

        def note(answer: Any) -> None:
            if answer.request.is_navigation_request() and answer.status not in (302, 303):
                answers.append(answer.status)

        page.on("response", note)
        page.goto(origin + self.path)
        self.then(page)
        page.remove_listener("response", note)
        return answers[-1]


def press(name: str, **typed: str) -> Act:
    """Fill in fields by their id and press the button *name*, whatever the browser itself would still ask for."""

    def act(page: Page) -> None:
        for field_id, text in typed.items():
            page.locator(f"[id='{field_id.replace('_', '-')}']").fill(text)
        page.evaluate("for (const form of document.forms) form.noValidate = true")
        with page.expect_navigation():
            page.get_by_role("button", name=name, exact=True).first.click()

    return act


def send(form: str, **typed: str) -> Act:
    """Fill in fields by their id and send the form that *form* finds as a browser without script would."""

    def act(page: Page) -> None:
        for field_id, text in typed.items():
            page.locator(f"[id='{field_id.replace('_', '-')}']").fill(text)
        with page.expect_navigation():
            page.locator(form).first.evaluate("form => HTMLFormElement.prototype.submit.call(form)")

    return act


def click(selector: str) -> Act:
    """Click what *selector* finds first."""

    def act(page: Page) -> None:
        page.locator(selector).first.click()

    return act


def anonymous(bus: FakeBus) -> None:
    """Nobody is logged in."""
    bus.session = None
