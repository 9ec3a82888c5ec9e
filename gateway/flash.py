"""One sentence for the next page, such as « Règlement n° 803455 pointé. »: carried by a cookie of a minute."""

import base64
import binascii
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

COOKIE = "said"
LARGEST = 1000  # characters


def say(response: Response, kind: str, **values: Any) -> None:
    """Let the next page say *kind* (a word that its template knows) with *values*."""
    text = base64.urlsafe_b64encode(orjson.dumps({"kind": kind, **values})).decode()
    if len(text) <= LARGEST:
        response.set_cookie(COOKIE, text, path="/", max_age=60, httponly=True, samesite="lax")


def read(request: Request) -> dict[str, Any]:
    """What is to be said; `kind` is empty when nothing is. The cookie is the browser's word: only ever shown."""
    try:
        said = orjson.loads(base64.urlsafe_b64decode(request.cookies.get(COOKIE, "")))
    except (binascii.Error, ValueError):
        return {"kind": ""}
    return said if isinstance(said, dict) and isinstance(said.get("kind"), str) else {"kind": ""}


def drop(request: Request, response: Response) -> None:
    """It was said."""
    if COOKIE in request.cookies:
        response.delete_cookie(COOKIE, path="/", httponly=True, samesite="lax")
