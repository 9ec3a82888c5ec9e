"""The outermost layer of the gateway: trace id, access log, security headers, foreign origins (K15 to K20)."""

import re
import secrets
import time
from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.problems import problem
from gateway.security import SAFE_METHODS, foreign_origin, origin_of

log = structlog.get_logger()

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "font-src 'self'",
        "connect-src 'self'",
        "worker-src 'self'",
        "form-action 'self'",
        "img-src 'self' data:",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
ALWAYS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cache-Control": "no-store",
}
SECRET_SEGMENT = re.compile(r"[A-Za-z0-9_-]{30,}")  # tokens of mailed links
TRACEPARENT = re.compile(r"^00-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}$")
UNLOGGED = frozenset({"/healthz", "/readyz"})


def masked(path: str) -> str:
    """*path* without the token of a mailed link."""
    return SECRET_SEGMENT.sub("***", path)


Broken = Callable[[Request, Exception], Awaitable[Response]]


class Edge:
    """ASGI middleware around the whole application; *broken* answers for what nobody else has caught."""

    def __init__(self, app: ASGIApp, *, public_url: str, broken: Broken) -> None:
        self.app = app
        self.broken = broken
        self.origin = origin_of(public_url)
        self.headers = dict(ALWAYS)
        if public_url.startswith("https://"):
            self.headers["Strict-Transport-Security"] = "max-age=31536000; includeSubDomains"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started, status, has_begun = time.perf_counter(), 500, False
        trace = _trace_id(Headers(scope=scope))
        structlog.contextvars.bind_contextvars(trace_id=trace)

        async def answering(message: Message) -> None:
            nonlocal status, has_begun
            if message["type"] == "http.response.start":
                status, has_begun = message["status"], True
                headers = MutableHeaders(scope=message)
                for name, value in self.headers.items():
                    headers.setdefault(name, value)
                headers["X-Request-Id"] = trace
            await send(message)

        try:
            if self._is_foreign(scope):
                await problem("foreign_origin", 403, "The request was started by another site.")(
                    scope, receive, answering
                )
            else:
                await self.app(scope, receive, answering)
        except Exception as exc:  # the last resort: answered and logged with a reference
            response = await self.broken(Request(scope, receive), exc)
            if has_begun:
                raise
            await response(scope, receive, answering)
        finally:
            _write_access_line(scope, status, time.perf_counter() - started)
            structlog.contextvars.unbind_contextvars("trace_id")

    def _is_foreign(self, scope: Scope) -> bool:
        if scope["method"] in SAFE_METHODS:
            return False
        headers = Headers(scope=scope)
        return foreign_origin(headers.get("sec-fetch-site"), headers.get("origin"), self.origin)


def _trace_id(headers: Headers) -> str:
    match = TRACEPARENT.match(headers.get("traceparent", ""))
    return match.group(1) if match else secrets.token_hex(16)


def _write_access_line(scope: Scope, status: int, seconds: float) -> None:
    if scope["path"] in UNLOGGED:
        return
    line: dict[str, Any] = {
        "method": scope["method"],
        "path": masked(scope["path"]),
        "status": status,
        "milliseconds": round(seconds * 1000, 1),
    }
    log.info("http_request", **line)
