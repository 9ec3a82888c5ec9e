"""What is written to the audit log."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from services.identity.store import audit as store

SYSTEM = "identity"
FUNDER = "funder"
HOLDER = "account"
ANONYMOUS = "anonymous"


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
