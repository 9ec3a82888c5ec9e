"""The employer's own journal: who logged in, ticked, deposited, changed what, when (K35).

What identity did itself stands in its audit log already; what the other services tell is written beside it.
"""

from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from espace_contracts import documents, payments
from espace_contracts import identity as api
from espace_contracts.envelope import Event
from sqlalchemy import Connection

from services.identity.kit import Kit
from services.identity.store import audit as store
from services.identity.usecases import audit, sessions

# What an employer is shown; all else in the audit log is for those who run the space.
SHOWN = (
    "login",
    "logout",
    "identifier_confirmed",
    "password_reset",
    "privacy_policy_accepted",
    "contact_change_requested",
    "contact_changed",
    "credentials_reissued",
    "way_in_mailed",
    "payment_mails_on",
    "payment_mails_off",
    "payment_ticked",
    "payment_unticked",
    "payments_exported",
    "document_deposited",
    "document_replaced",
    "document_recategorised",
    "document_deleted",
    "document_restored",
)
DOCUMENT_ACTIONS = {
    documents.DocumentDeposited.type: "document_deposited",
    documents.DocumentReplaced.type: "document_replaced",
    documents.DocumentRecategorised.type: "document_recategorised",
    documents.DocumentDeleted.type: "document_deleted",
    documents.DocumentRestored.type: "document_restored",
}
EMPLOYER = "employer"
PARIS = ZoneInfo("Europe/Paris")


def note_tick(connection: Connection, event: Event[Any]) -> None:
    """A payment was ticked, or its tick removed; a correction by the funder is nobody's doing here."""
    data, is_tick = event.data, event.type == payments.PaymentTicked.type
    action = "payment_ticked" if is_tick else "payment_unticked"
    audit.note(connection, action, at=event.time, details={"subject": data.payment_number}, **_who(data))


def note_export(connection: Connection, event: Event[payments.PaymentsExported]) -> None:
    """A file of payments was made."""
    details = {"subject": event.data.format, "count": event.data.count}
    audit.note(connection, "payments_exported", at=event.time, details=details, **_who(event.data))


def _who(data: Any) -> dict[str, Any]:
    return {"account_id": data.account_id, "siret": data.siret} if data.account_id else {"siret": data.siret}


def note_document(connection: Connection, event: Event[Any]) -> None:
    """The employer did something with a document of its own; other depositors are not its doing."""
    data = event.data
    if getattr(data, "depositor", EMPLOYER) != EMPLOYER:
        return
    details = {"document_id": str(data.document_id), "subject": getattr(data, "category", None)}
    who = _who(data) if data.account_id else {"siret": data.siret, "actor": EMPLOYER}
    audit.note(connection, DOCUMENT_ACTIONS[event.type], at=event.time, details=details, **who)


def read(connection: Connection, request: api.ReadJournal, *, kit: Kit, now: datetime) -> api.Journal:
    """The newest entries of the caller's account and employer. Raises SessionInvalid."""
    current = sessions.live(connection, request.token_hash, kit=kit, now=now)
    rows = store.newest(
        connection,
        current.siret,
        account_id=current.account_id,
        actions=SHOWN,
        limit=request.limit,
        start=_midnight(request.start),
        end=_midnight(request.end + timedelta(days=1)) if request.end else None,
    )
    return api.Journal(entries=tuple(api.JournalEntry.model_validate(dict(row._mapping)) for row in rows))


def _midnight(day: date | None) -> datetime | None:
    """When *day* begins in Paris."""
    return datetime.combine(day, time(), PARIS) if day else None
