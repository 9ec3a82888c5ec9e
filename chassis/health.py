"""`/healthz` of a nameko process: the hub turns, so the process lives."""

import json
from typing import Any

from nameko.web.handlers import http
from werkzeug import Response


class HealthPages:
    """Mixed into every service."""

    name: str

    @http("GET", "/healthz")
    def healthz(self, request: Any) -> Response:
        """Answers 200 as long as the process turns."""
        return Response(json.dumps({"status": "ok", "process": self.name}), mimetype="application/json")
