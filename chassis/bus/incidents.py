"""What broke stays in our log; the other side only learns its reference (K20)."""

from uuid import uuid4

import structlog
from espace_contracts.errors import Incident

log = structlog.get_logger()


def report(error: BaseException, *, where: str) -> Incident:
    """Log *error* with its traceback under a fresh reference, and return what may be told of it."""
    incident = Incident(uuid4().hex[:12])
    log.error("incident", reference=incident.reference, where=where, exc_info=error)
    return incident
