"""The same question as `bench.enumeration`, asked as a stranger would: over HTTP, of the whole portal (K13)."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from urllib.parse import urlencode, urlsplit

from tests.chaos.employer import logged_in
from tests.chaos.world import running

NO_LIMIT = str(10**9)
LIMITS_OFF = {
    "IDENTITY_FREE_FAILURES_ACCOUNT": NO_LIMIT,
    "IDENTITY_FREE_FAILURES_ADDRESS": NO_LIMIT,
    "IDENTITY_STORM_FAILURES": NO_LIMIT,
}
CSRF = re.compile(r'name="csrf" value="([^"]+)"')


class Stranger:
    """A browser that has the login page open and sends forms from it, on one connection."""

    def __init__(self, portal: str) -> None:
        self._connection = HTTPConnection(urlsplit(portal).netloc, timeout=30)
        self._connection.request("GET", "/connexion")
        answer = self._connection.getresponse()
        found = CSRF.search(answer.read().decode())
        if found is None:
            raise AssertionError("the login page has no form")
        self._csrf, self._cookie = found[1], (answer.getheader("Set-Cookie") or "").partition(";")[0]

    def log_in(self, identifier: str) -> None:
        """A wrong password."""
        self._send("/connexion", 422, identifiant=identifier, **{"mot-de-passe": "Wrong-1"})

    def forget_password(self, identifier: str) -> None:
        """« Mot de passe oublié »."""
        self._send("/mot-de-passe-oublie", 200, identifiant=identifier)

    def _send(self, path: str, status: int, **fields: str) -> None:
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Cookie": self._cookie}
        self._connection.request("POST", path, urlencode({"csrf": self._csrf, **fields}), headers)
        answer = self._connection.getresponse()
        answer.read()
        if answer.status != status:
            raise AssertionError(f"{path} answered {answer.status}")


@contextmanager
def forms() -> Iterator[dict[str, tuple[Callable[[str], object], str]]]:
    """The forms of a portal of its own, each with the one identifier that exists."""
    with running(LIMITS_OFF) as world:
        known = logged_in(world).identifier
        stranger = Stranger(world.portal)
        yield {
            "login over HTTP": (stranger.log_in, known),
            "forgotten password over HTTP": (stranger.forget_password, known),
        }
