"""More requests than one process can answer: what is beyond the bound is refused at once, and costs next to nothing (R16).

Requests that wait for a service take memory and time of the loop; beyond some number each only makes all the others
late. A file on its way is not counted: it is bounded by itself, and takes as long as its sender's line.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from html import escape

from starlette.datastructures import Headers
from starlette.responses import HTMLResponse, Response
from starlette.types import Scope

from gateway.language import gettext as _
from gateway.problems import problem
from gateway.routing import is_api

RETRY_AFTER = 5  # seconds
SMALL = 65_536  # bytes of a body that is no file
LOOKED_AT = ("/healthz", "/readyz", "/static/")  # never refused: balancers ask, and an error page needs its style


class Crowding:
    """Counts the requests that are being answered; at most *most* are."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.answering = 0

    def counts(self, scope: Scope) -> bool:
        """Whether this request is one of those that are bounded."""
        if scope["path"].startswith(LOOKED_AT):
            return False
        headers = Headers(scope=scope)
        length = headers.get("content-length", "0")
        return "transfer-encoding" not in headers and not (length.isdecimal() and int(length) > SMALL)

    @contextmanager
    def one_more(self) -> Iterator[None]:
        """One request more until the block ends."""
        self.answering += 1
        try:
            yield
        finally:
            self.answering -= 1

    def is_full(self) -> bool:
        """Whether one more would be too many."""
        return self.answering >= self.most


def crowded(scope: Scope) -> Response:
    """503 with Retry-After; a page of one sentence, since the whole one would cost what is short."""
    headers = {"Retry-After": str(RETRY_AFTER)}
    if is_api(scope["path"]):
        return problem("crowded", 503, "Too many requests at a time. Try again shortly.", headers=headers)
    title, text = _("Beaucoup de monde"), _("Le service est très demandé. Réessayez dans quelques secondes.")
    page = f'<!doctype html><html lang="fr"><meta charset="utf-8"><title>{escape(title)}</title><p>{escape(text)}</p>'
    return HTMLResponse(page, status_code=503, headers=headers)
