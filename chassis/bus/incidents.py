"""What broke stays in our log; the other side only learns its reference (K20), or that a server is away."""

from uuid import uuid4

import structlog
from espace_contracts.errors import Incident, Unavailable
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

log = structlog.get_logger()

OUTAGES = (OperationalError, InterfaceError, PoolTimeout, Unavailable, OSError)  # of a server, not of the work


def report(error: BaseException, *, where: str) -> Incident:
    """Log *error* with its traceback under a fresh reference, and return what may be told of it."""
    incident = Incident(uuid4().hex[:12])
    log.error("incident", reference=incident.reference, where=where, exc_info=error)
    return incident
