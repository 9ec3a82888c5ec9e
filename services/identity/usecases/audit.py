"""What is written to the audit log."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from services.identity.store import audit as store

SYSTEM = "identity"
FUNDER = "funder"
HOLDER = "account"
ANONYMOUS = "anonymous"
YEAR = timedelta(days=366)  # at least


def note(connection: Connection, action: str, *, at: datetime, succeeded: bool = True, **who: Any) -> None:
    """One line: *who* is any of account_id, siret, actor, remote_address and details."""
    account_id: UUID | None = who.pop("account_id", None)
    store.add(
        connection,
        at=at,
        action=action,
        succeeded=succeeded,
        account_id=account_id,
        siret=who.pop("siret", None),
        actor=who.pop("actor", HOLDER if account_id else SYSTEM),
        remote_address=who.pop("remote_address", None),
        details=who.pop("details", {}),
    )
    if who:
        raise TypeError(f"the audit log has no {', '.join(sorted(who))}")


def drop_outdated(connection: Connection, *, years: int, at_once: int, now: datetime) -> int:
    """Drop at most *at_once* lines that are older than *years*, and add one that says so; how many went.

    Whole days go, so that the log does not grow by a line about lines every few minutes.
    """
    today = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    before = today - years * YEAR
    count = store.drop(connection, before=before, at_once=at_once)
    if count:
        note(connection, "audit_lines_purged", at=now, details={"count": count, "before": before.isoformat()})
    return count
