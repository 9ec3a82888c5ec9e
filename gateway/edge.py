"""The outermost layer of the gateway: trace id, access log, security headers, foreign origins (K15 to K20)."""

import re
import time
from collections.abc import Awaitable, Callable
from contextlib import nullcontext
from typing import Any

import structlog
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chassis import tracing
from gateway import metrics
from gateway.crowding import Crowding, crowded
from gateway.operators_pages import Leaving
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
UNLOGGED = frozenset({"/healthz", "/readyz"})


def masked(path: str) -> str:
    """*path* without the token of a mailed link."""
    return SECRET_SEGMENT.sub("***", path)


Broken = Callable[[Request, Exception], Awaitable[Response]]


class Edge:
    """ASGI middleware around the whole application; *broken* answers for what nobody else has caught."""

    def __init__(self, app: ASGIApp, *, public_url: str, broken: Broken, leaving: Leaving, crowding: Crowding) -> None:
        self.app = app
        self.crowding = crowding
        self.leaving = leaving
        self.broken = broken
        self.origin = origin_of(public_url)
        headers = dict(ALWAYS)
        if public_url.startswith("https://"):
            headers["Strict-Transport-Security"] = "max-age=31536000; includeSubDomains"
        self.headers = [(name.lower().encode(), value.encode()) for name, value in headers.items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        counted = self.crowding.counts(scope)
        if counted and self.crowding.is_full():  # before anything that costs: no span, no line in the log
            await self._refuse(scope, receive, send)
            return
        with self.crowding.one_more() if counted else nullcontext():
            await self._trace(scope, receive, send)

    async def _refuse(self, scope: Scope, receive: Receive, send: Send) -> None:
        metrics.REQUESTS_CROWDED.inc()

        async def answering(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *self.headers]
            await send(message)

        await crowded(scope)(scope, receive, answering)

    async def _trace(self, scope: Scope, receive: Receive, send: Send) -> None:
        parent = Headers(scope=scope).get("traceparent")
        with tracing.span(scope["method"], kind="server", parent=parent) as span, metrics.IN_FLIGHT.track_inprogress():
            await self._serve(scope, receive, send, span)

    async def _serve(self, scope: Scope, receive: Receive, send: Send, span: tracing.Span) -> None:
        started, status, has_begun = time.perf_counter(), 500, False
        trace = tracing.trace_id() or ""

        async def answering(message: Message) -> None:
            nonlocal status, has_begun
            if message["type"] == "http.response.start":
                status, has_begun = message["status"], True
                given = {name for name, _ in message["headers"]}
                added = [pair for pair in self.headers if pair[0] not in given]
                message["headers"] = [*message["headers"], *added, (b"x-request-id", trace.encode())]
                if self.leaving.begun:  # the next request goes to a process that stays
                    message["headers"].append((b"connection", b"close"))
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
            seconds = time.perf_counter() - started
            _measure(scope, status, seconds, span)
            _write_access_line(scope, status, seconds)

    def _is_foreign(self, scope: Scope) -> bool:
        if scope["method"] in SAFE_METHODS:
            return False
        headers = Headers(scope=scope)
        return foreign_origin(headers.get("sec-fetch-site"), headers.get("origin"), self.origin)


def _measure(scope: Scope, status: int, seconds: float, span: tracing.Span) -> None:
    method = scope["method"] if scope["method"] in metrics.METHODS else "other"
    mounted = f"{scope['root_path']}/*" if scope.get("root_path") else metrics.UNKNOWN
    route = getattr(scope.get("route"), "path", mounted)
    metrics.REQUESTS.labels(method, route, status).observe(seconds)
    span.rename(f"{method} {route}")
    span.note(http_request_method=method, http_route=route, http_response_status=status)


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
