"""Errors of the API: problem+json (RFC 9457) with a stable `type`."""

from collections.abc import Mapping
from typing import Any

import orjson
from starlette.responses import Response

TITLES = {
    400: "Bad request",
    401: "Authentication required",
    403: "Not allowed",
    404: "Not found",
    405: "Method not allowed",
    409: "Conflict",
    413: "Too large",
    415: "Unsupported media type",
    422: "Invalid request",
    429: "Too many attempts",
    500: "Internal error",
    503: "Temporarily unavailable",
}


def problem(
    code: str, status: int, detail: str = "", *, headers: Mapping[str, str] | None = None, **members: Any
) -> Response:
    """The answer for the error *code*; *members* are added to the document."""
    document = {"type": f"/problems/{code}", "title": TITLES.get(status, "Error"), "status": status}
    if detail:
        document["detail"] = detail
    document |= {name: value for name, value in members.items() if value}
    return Response(
        orjson.dumps(document), status_code=status, media_type="application/problem+json", headers=dict(headers or {})
    )
