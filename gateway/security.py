"""Secrets of a browser: session tokens, the anti-forgery token, what an origin may be (K15, K17)."""

import base64
import hashlib
import hmac
import re
import secrets
from urllib.parse import urlsplit

LOCAL_PATH = re.compile(r"^/(?![/\\])[^\\\x00-\x1f\x7f]*$")
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class Forged(Exception):
    """What was sent does not come from a page or a program that this browser or session has been given."""


def new_token() -> str:
    """256 random bits, fit for a cookie."""
    return secrets.token_urlsafe(32)


def token_hash(token: str) -> str:
    """What leaves this process of a session or link token: its SHA-256 (K34)."""
    return hashlib.sha256(token.encode()).hexdigest()


def csrf_token(secret: str) -> str:
    """The anti-forgery token that belongs to the cookie value *secret*; it tells nothing about it."""
    digest = hmac.new(secret.encode(), b"espace-employeur csrf", hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def csrf_matches(token: str, cookies: tuple[str, ...]) -> bool:
    """Whether *token* belongs to one of the cookie values that the browser has sent."""
    return any(hmac.compare_digest(csrf_token(secret).encode(), token.encode()) for secret in cookies if secret)


def foreign_origin(fetch_site: str | None, origin: str | None, own: str) -> bool:
    """Whether a browser says that this request was started by another site.

    Old browsers send `Origin: null` from pages with `Referrer-Policy: no-referrer`: they say nothing
    then, and the token alone decides, as for clients that are no browsers.
    """
    if fetch_site is not None:
        return fetch_site not in ("same-origin", "none")
    if origin is None or origin == "null":
        return False
    return origin.rstrip("/") != own.rstrip("/")


def origin_of(url: str) -> str:
    """Scheme, host and port of *url*."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def local_path(path: str) -> str | None:
    """*path* if it stays on this site, else None: never an open redirect (K20)."""
    return path if len(path) <= 2000 and LOCAL_PATH.match(path) else None
