"""Queries of the export jobs. Leases are by the database's clock: the processes' clocks may differ."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, insert, select, text

from services.payments.models import export_jobs

MOST_ATTEMPTS = 3
FAIL = text(
    "update export_jobs set state = 'failed', leased_until = null, finished_at = :now"
    " where state = 'running' and leased_until < now() and attempts >= :most"
)
CLAIM = text(
    "update export_jobs set state = 'running', attempts = attempts + 1, done = 0,"
    " leased_until = now() + make_interval(secs => :lease)"
    " where id = (select id from export_jobs"
    " where state = 'waiting' or (state = 'running' and leased_until < now())"
    " order by requested_at limit 1 for update skip locked)"
    " returning id, siret, request, attempts"
)
HELD = "where id = :id and attempts = :attempt and state = 'running'"
RENEW = text(f"update export_jobs set done = :done, leased_until = now() + make_interval(secs => :lease) {HELD}")  # noqa: S608 - constants only
GIVE_BACK = text(f"update export_jobs set leased_until = now() - interval '1 second' {HELD}")  # noqa: S608 - constants only
FINISH = text(
    "update export_jobs set state = 'ready', leased_until = null, done = :count, object_key = :object_key,"  # noqa: S608 - constants only
    f" file_name = :file_name, media_type = :media_type, size = :size, finished_at = :now {HELD}"
)
FORGET = text("delete from export_jobs where requested_at < :before and (leased_until is null or leased_until < now())")
OF_ACCOUNT = text(
    "select id as job_id, state, request ->> 'format' as format, done, total, requested_at, file_name, size"
    " from export_jobs where siret = :siret and requested_at > :since"
    " and request -> 'actor' ->> 'account_id' = :account_id order by requested_at desc, id limit 100"
)


def add(connection: Connection, siret: str, **job: Any) -> None:
    """A job that waits."""
    connection.execute(insert(export_jobs).values(siret=siret, state="waiting", done=0, attempts=0, **job))


def add_ready(connection: Connection, siret: str, *, total: int, requested_at: datetime, **job: Any) -> None:
    """A file that is there already: id, request, object_key, file_name, media_type, size."""
    made = {"total": total, "done": total, "requested_at": requested_at, "finished_at": requested_at}
    connection.execute(insert(export_jobs).values(siret=siret, state="ready", attempts=0, **made, **job))


def of_account(connection: Connection, siret: str, *, account_id: UUID, since: datetime) -> Sequence[Row[Any]]:
    """The employer's jobs that this account has asked for since then, the newest first."""
    return connection.execute(OF_ACCOUNT, {"siret": siret, "account_id": str(account_id), "since": since}).all()


def get(connection: Connection, siret: str, job_id: UUID) -> Row[Any] | None:
    """One job of the employer."""
    same = (export_jobs.c.siret == siret) & (export_jobs.c.id == job_id)
    return connection.execute(select(export_jobs).where(same)).one_or_none()


def claim(connection: Connection, *, lease: float, now: datetime) -> Row[Any] | None:
    """The oldest job that nobody works at, for *lease* seconds; those that have failed too often end as failed."""
    connection.execute(FAIL, {"now": now, "most": MOST_ATTEMPTS})
    return connection.execute(CLAIM, {"lease": lease}).one_or_none()


def renew(connection: Connection, job: Row[Any], *, done: int, lease: float) -> bool:
    """Note how far the job is and keep it; whether it is still ours."""
    return bool(
        connection.execute(RENEW, {"id": job.id, "attempt": job.attempts, "done": done, "lease": lease}).rowcount
    )


def give_back(connection: Connection, job: Row[Any]) -> None:
    """Let the next one have it at once."""
    connection.execute(GIVE_BACK, {"id": job.id, "attempt": job.attempts})


def finish(connection: Connection, job: Row[Any], **file: Any) -> bool:
    """The file is in the store: count, object_key, file_name, media_type, size, now; whether the job was still ours."""
    return bool(connection.execute(FINISH, {"id": job.id, "attempt": job.attempts} | file).rowcount)


def forget(connection: Connection, *, before: datetime) -> int:
    """Delete the jobs that were asked for before then; how many."""
    return connection.execute(FORGET, {"before": before}).rowcount
