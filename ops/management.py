"""Reading the broker's management API."""

import json
import urllib.request
from base64 import b64encode
from typing import Any
from urllib.parse import quote, unquote, urlsplit


def request(management_url: str, verb: str, path: str, body: dict[str, Any] | None = None) -> Any:
    """The decoded answer, None when it is empty. Raises OSError (HTTPError, URLError)."""
    parts = urlsplit(management_url)
    credentials = f"{unquote(parts.username or '')}:{unquote(parts.password or '')}"
    call = urllib.request.Request(  # noqa: S310 - the operators' own management address
        f"{parts.scheme}://{parts.hostname}:{parts.port}{path}",
        data=None if body is None else json.dumps(body).encode(),
        method=verb,
        headers={
            "Content-Type": "application/json",
            "Authorization": f"Basic {b64encode(credentials.encode()).decode()}",
        },
    )
    with urllib.request.urlopen(call, timeout=60) as answer:  # noqa: S310 - see above
        text = answer.read()
    return json.loads(text) if text else None


def queues(management_url: str, vhost: str) -> list[dict[str, Any]]:
    """Name, messages and consumers of every queue of *vhost*."""
    columns = "columns=name,messages,messages_ready,messages_unacknowledged,consumers"
    found: list[dict[str, Any]] = request(management_url, "GET", f"/api/queues/{quote(vhost, safe='')}?{columns}")
    return found
