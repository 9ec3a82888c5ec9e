"""Long exports: jobs that one process at a time works at, under a lease that ends when the process does."""

import time
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import structlog
from espace_contracts import payments as api
from sqlalchemy import Row

from chassis import metrics
from chassis.database import Database
from chassis.loops import Loop
from chassis.measures import Measure
from chassis.objectstore import ObjectStore
from services.payments.exports import Draft, Exports
from services.payments.store import export_jobs
from services.payments.usecases import exports as usecases

STATES = ("waiting", "running", "ready", "failed")
POLL_SECONDS = 5.0
REPORT_SECONDS = 1.0

log = structlog.get_logger()


def _show_states(rows: Any) -> None:
    counts = {row.state: row.count for row in rows}
    for state in STATES:
        metrics.EXPORT_JOBS.labels(state).set(counts.get(state, 0))
    ages = [row.seconds for row in rows if row.state in ("waiting", "running")]
    metrics.EXPORT_AGE.set(max((float(age) for age in ages), default=0.0))


EXPORTS = Measure(
    "select state, count(*) as count, extract(epoch from now() - min(requested_at)) as seconds"
    " from export_jobs group by state",
    _show_states,
)


class TakenOver(Exception):
    """The lease has ended meanwhile: somebody else makes this file."""


class Interrupted(Exception):
    """The process is about to stop."""


class Watched:
    """A draft that tells how many payments it holds, once a second at most."""

    def __init__(self, draft: Draft, report: Callable[[int], None]) -> None:
        self._draft, self._report = draft, report
        self._done, self._reported_at = 0, time.monotonic()

    def add(self, payments: Sequence[Any]) -> None:
        """Write *payments*."""
        self._draft.add(payments)
        self._done += len(payments)
        if time.monotonic() - self._reported_at >= REPORT_SECONDS:
            self._report(self._done)
            self._reported_at = time.monotonic()

    def finish(self, request: api.ExportPayments, *, now: datetime) -> int:
        """Close the file."""
        self._report(self._done)
        return self._draft.finish(request, now=now)


class ExportJobs:
    """Makes the files of jobs, one after the other; *stopping* is asked between two batches."""

    def __init__(
        self, database: Database, exports: Exports, *, lease: float, stopping: Callable[[], bool] = lambda: False
    ) -> None:
        self._database, self._exports = database, exports
        self._lease, self._stopping = lease, stopping

    def work(self, *, now: datetime) -> bool:
        """Make the file of the oldest open job; False when there is none. What fails is tried again, three times."""
        with self._database.work() as connection:
            job = export_jobs.claim(connection, lease=self._lease, now=now)
        if job is None:
            return False
        try:
            self._make(job, now=now)
        except TakenOver:
            log.warning("export_taken_over", job_id=str(job.id), attempt=job.attempts)
        except Exception:
            with self._database.work() as connection:
                export_jobs.give_back(connection, job)
            raise
        return True

    def _make(self, job: Row[Any], *, now: datetime) -> None:
        request = api.ExportPayments.model_validate(job.request)
        with self._exports.draft(request.format) as draft:
            sheet = Watched(draft, lambda done: self._report(job, done))
            with self._database.transaction(siret=job.siret) as connection:
                count = usecases.write_export(connection, request, sheet, now=now)
            file = self._exports.keep(draft, legal_name=request.legal_name, now=now)
        with self._database.work() as connection:
            if not usecases.finish(connection, job, file, count=count, now=now):
                raise TakenOver
        log.info("export_made", job_id=str(job.id), count=count, attempt=job.attempts)

    def _report(self, job: Row[Any], done: int) -> None:
        if self._stopping():
            raise Interrupted
        with self._database.work() as connection:
            if not export_jobs.renew(connection, job, done=done, lease=self._lease):
                raise TakenOver


class ExportWorker(Loop):
    """Works at the jobs beside the calls; `wake()` it once a job is committed."""

    def start(self) -> None:
        """Begins once every part of the container is set up: the database among them."""
        exports = Exports(ObjectStore(self.settings))
        lease = self.settings.export_lease_seconds
        self.jobs = ExportJobs(self.database, exports, lease=lease, stopping=lambda: self._stopping)
        super().start()

    def run_once(self) -> float:
        """One job; without any, a rest."""
        return 0.0 if self.jobs.work(now=self.clock()) else POLL_SECONDS
