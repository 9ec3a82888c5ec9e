"""Files of a search: at once, or as a job."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol
from uuid import uuid4

from espace_contracts import payments as api
from espace_contracts.errors import InvalidRequest, NotFound
from sqlalchemy import Connection, Row

from chassis import outbox
from services.payments.search import read_search
from services.payments.spreadsheet import MOST_ROWS
from services.payments.store import export_jobs as job_store
from services.payments.store import lists as store

KEPT = timedelta(days=1)  # a file can be fetched for so long


class Sheet(Protocol):
    """Where an export is written: payments by batches, then whatever its format says at the end."""

    def add(self, payments: Sequence[Any]) -> None:
        """Write one line for each of *payments*."""

    def finish(self, request: api.ExportPayments, *, now: datetime) -> int:
        """Close the file; the number of payments."""


def size_of(connection: Connection, request: api.ExportPayments) -> int:
    """How many payments the file will hold. Raises InvalidRequest like the list, and for more than a sheet holds."""
    size = store.size(connection, request.siret, read_search(request.search))
    if request.format == "xlsx" and size > MOST_ROWS:
        raise InvalidRequest(f"an Excel sheet holds {MOST_ROWS} rows, the search finds {size}", "format")
    return size


def write_export(connection: Connection, request: api.ExportPayments, sheet: Sheet, *, now: datetime) -> int:
    """Write all payments of the search onto *sheet*; how many there were. Raises InvalidRequest like the list."""
    for batch in store.stream(connection, request.siret, read_search(request.search)):
        sheet.add(batch)
    return sheet.finish(request, now=now)


def note_export(connection: Connection, request: api.ExportPayments, *, count: int, now: datetime) -> None:
    """Tell that a person took *count* payments out of the portal."""
    event = api.PaymentsExported(
        siret=request.siret, account_id=request.actor.account_id, count=count, format=request.format
    )
    outbox.publish(connection, event, subject=request.siret, at=now)


def ask(connection: Connection, request: api.ExportPayments, *, total: int, now: datetime) -> api.Export:
    """A job of its own for this export."""
    job_id = uuid4()
    job_store.add(connection, request.siret, id=job_id, request=_kept(request), total=total, requested_at=now)
    return api.Export(state="waiting", job_id=job_id, done=0, total=total)


def _kept(request: api.ExportPayments) -> dict[str, Any]:
    return request.model_dump(mode="json", exclude={"idempotency_key"})


def keep_made(
    connection: Connection, request: api.ExportPayments, file: dict[str, Any], *, count: int, now: datetime
) -> None:
    """A file that was made within the call, among the day's files of the person."""
    job_store.add_ready(
        connection, request.siret, id=uuid4(), request=_kept(request), total=count, requested_at=now, **file
    )


def list_made(connection: Connection, request: api.ListExports, *, now: datetime) -> api.Exports:
    """The files that the person has asked for within the last day."""
    rows = job_store.of_account(connection, request.siret, account_id=request.account_id, since=now - KEPT)
    return api.Exports(exports=tuple(api.ListedExport.model_validate(dict(row._mapping)) for row in rows))


def find_job(connection: Connection, request: api.GetExport) -> Row[Any]:
    """The employer's job. Raises NotFound, also for another employer's and one that is over a day old."""
    job = job_store.get(connection, request.siret, request.job_id)
    if job is None:
        raise NotFound
    return job


def finish(connection: Connection, job: Row[Any], file: dict[str, Any], *, count: int, now: datetime) -> bool:
    """The job's file is ready, which is told of once; False when another process has taken the job over."""
    if not job_store.finish(connection, job, count=count, now=now, **file):
        return False
    note_export(connection, api.ExportPayments.model_validate(job.request), count=count, now=now)
    return True
