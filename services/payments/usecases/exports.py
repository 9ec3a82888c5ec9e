"""Files of a search."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Protocol

from espace_contracts import payments as api
from sqlalchemy import Connection

from chassis import outbox
from services.payments.search import read_search
from services.payments.store import lists as store


class Sheet(Protocol):
    """Where an export is written: payments by batches, then the sheet that states the search."""

    def add(self, payments: Sequence[Any]) -> None:
        """Write one line for each of *payments*."""

    def finish(self, request: api.ExportPayments, *, now: datetime) -> int:
        """State the search and its totals, and close the file; the number of payments."""


def write_export(connection: Connection, request: api.ExportPayments, sheet: Sheet, *, now: datetime) -> int:
    """Write all payments of the search onto *sheet*; how many there were. Raises InvalidRequest like the list."""
    for batch in store.stream(connection, request.siret, read_search(request.search)):
        sheet.add(batch)
    return sheet.finish(request, now=now)


def note_export(
    connection: Connection, request: api.ExportPayments, exported: api.ExportedFile, *, count: int, now: datetime
) -> api.ExportedFile:
    """Tell that a person took *count* payments out of the portal; *exported* again."""
    event = api.PaymentsExported(siret=request.siret, account_id=request.actor.account_id, count=count)
    outbox.publish(connection, event, subject=request.siret, at=now)
    return exported
