"""`/healthz`, `/readyz` and `/metrics` of a nameko process, on a port that only operators reach."""

import json
from typing import Any

from nameko.web.handlers import http
from werkzeug import Response

from chassis import metrics
from chassis.readiness import Readiness


class HealthPages:
    """Mixed into every service."""

    name: str
    readiness: Readiness

    @http("GET", "/healthz")
    def healthz(self, request: Any) -> Response:
        """Answers 200 as long as the process turns: who does not answer is started again."""
        return _json({"status": "ok", "process": self.name})

    @http("GET", "/readyz")
    def readyz(self, request: Any) -> Response:
        """200 when the process can do its work, else 503; what each server it needs was like, and when."""
        page, ready = self.readiness.report()
        return _json(page, status=200 if ready else 503)

    @http("GET", "/metrics")
    def metrics_page(self, request: Any) -> Response:
        """Everything that was counted, for Prometheus."""
        content, media_type = metrics.page()
        return Response(content, content_type=media_type)


def _json(document: dict[str, Any], *, status: int = 200) -> Response:
    return Response(json.dumps(document), status=status, mimetype="application/json")
