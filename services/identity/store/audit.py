"""The audit log: rows are only ever added (K35)."""

from typing import Any

from sqlalchemy import Connection, insert

from services.identity.models import audit_log


def add(connection: Connection, **values: Any) -> None:
    """One line of who did what, when, from where."""
    connection.execute(insert(audit_log).values(**values))
