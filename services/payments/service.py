"""The service `payments` on the bus: what was paid, who checked it, and files of it.

Each entrypoint opens one transaction, calls one use case and answers plain data. Rules are in `domain`, work in
`usecases`, queries in `store`; what others may rely on is `espace_contracts.payments`.
"""

from collections.abc import Sequence
from typing import Any

from espace_contracts import funder
from espace_contracts import payments as api
from espace_contracts.envelope import Event
from espace_contracts.registry import REPLAYS
from espace_contracts.replay import EventsPage, EventsSince
from sqlalchemy import Connection

from chassis import replay
from chassis.bus import Unacceptable, rpc, subscribe, subscribe_in_batches
from chassis.idempotency import once
from chassis.measures import Measures
from chassis.service import Service
from services.payments.domain import Statement
from services.payments.export_worker import EXPORTS, ExportWorker
from services.payments.exports import ExportsProvider, ExportSweeper
from services.payments.retention import Retention
from services.payments.usecases import exports as exporting
from services.payments.usecases import lists, recording, ticks


class PaymentsService(Service):
    """Payments, ticks and exports of all employers, each shown to its own."""

    name = api.SERVICE

    exports = ExportsProvider()
    export_sweeper = ExportSweeper()
    export_worker = ExportWorker()
    retention = Retention()
    measures = Measures(EXPORTS)

    @subscribe_in_batches(funder.PaymentIssued)
    def record_issued_payments(self, events: list[Event[funder.PaymentIssued]]) -> None:
        """Payments, or new versions of them, enter the employers' lists."""
        with self.db.once_each(events) as (connection, fresh):
            self._record(connection, [event.data for event in fresh])

    @subscribe(funder.PaymentCancelled)
    def record_cancelled_payment(self, event: Event[funder.PaymentCancelled]) -> None:
        """A payment leaves the totals; it may come before the payment itself."""
        with self.db.once(event) as connection:
            self._record(connection, [event.data])

    def _record(self, connection: Connection, statements: Sequence[Statement]) -> None:
        if recording.record(connection, statements, now=self.clock()).conflicts:
            raise Unacceptable("version_conflict")

    @rpc(api.RECORD_PAYMENTS)
    def record_payments(self, request: api.RecordPayments) -> api.RecordedPayments:
        """Up to 1,000 payments of the funder; each is taken or rejected by itself."""
        with self.db.work() as connection:
            return once(
                connection,
                api.RECORD_PAYMENTS,
                request,
                lambda: recording.record_payments(connection, request, now=self.clock()),
            )

    @rpc(api.LIST_PAYMENTS)
    def list_payments(self, request: api.ListPayments) -> api.PaymentsPage:
        """One page of the employer's search, its totals from the same snapshot."""
        with self.db.transaction(siret=request.siret, snapshot=True) as connection:
            return lists.list_payments(connection, request)

    @rpc(api.TICK_PAYMENTS)
    def tick_payments(self, request: api.TickPayments) -> api.TickedPayments:
        """Mark payments as checked: those named, or all of a search."""
        with self.db.transaction(siret=request.siret) as connection:
            return once(
                connection, api.TICK_PAYMENTS, request, lambda: ticks.tick(connection, request, now=self.clock())
            )

    @rpc(api.UNTICK_PAYMENTS)
    def untick_payments(self, request: api.UntickPayments) -> api.TickedPayments:
        """Remove the marks of those named, or of a batch."""
        with self.db.transaction(siret=request.siret) as connection:
            return once(
                connection, api.UNTICK_PAYMENTS, request, lambda: ticks.untick(connection, request, now=self.clock())
            )

    @rpc(api.EXPORT_PAYMENTS)
    def export_payments(self, request: api.ExportPayments) -> api.Export:
        """The file of a search, or the job that makes it."""
        with self.db.transaction(siret=request.siret) as connection:
            total = exporting.size_of(connection, request)
        if total <= self.exports.at_once:
            return self._export_at_once(request)
        with self.db.transaction(siret=request.siret) as connection:
            asked = once(
                connection,
                api.EXPORT_PAYMENTS,
                request,
                lambda: exporting.ask(connection, request, total=total, now=self.clock()),
            )
        self.export_worker.wake()
        return asked

    @rpc(api.GET_EXPORT)
    def get_export(self, request: api.GetExport) -> api.Export:
        """How far a job is, and its file."""
        with self.db.transaction(siret=request.siret) as connection:
            job = exporting.find_job(connection, request)
        file = None
        if job.state == "ready":
            file = self.exports.address(
                object_key=job.object_key, file_name=job.file_name, media_type=job.media_type, size=job.size
            )
        return api.Export(state=job.state, job_id=job.id, done=job.done, total=job.total, file=file)

    def _export_at_once(self, request: api.ExportPayments) -> api.Export:
        """A repeat with the same key makes a fresh file, and is told of once."""
        now = self.clock()
        with self.exports.draft(request.format) as draft:
            with self.db.transaction(siret=request.siret) as connection:
                count = exporting.write_export(connection, request, draft, now=now)
            file = self.exports.keep(draft, legal_name=request.legal_name, now=now)
        made = api.Export(state="ready", done=count, total=count, file=self.exports.address(**file))
        with self.db.transaction(siret=request.siret) as connection:
            once(connection, api.EXPORT_PAYMENTS, request, lambda: self._told_of(connection, request, made, file))
        return made

    def _told_of(
        self, connection: Connection, request: api.ExportPayments, made: api.Export, file: dict[str, Any]
    ) -> api.Export:
        now = self.clock()
        exporting.note_export(connection, request, count=made.total, now=now)
        exporting.keep_made(connection, request, file, count=made.total, now=now)
        return made

    @rpc(api.LIST_EXPORTS)
    def list_exports(self, request: api.ListExports) -> api.Exports:
        """The person's own files of the last day."""
        with self.db.transaction(siret=request.siret) as connection:
            return exporting.list_made(connection, request, now=self.clock())

    @rpc(REPLAYS[api.SERVICE])
    def events_since(self, request: EventsSince) -> EventsPage:
        """The service's events again, after a cursor, without a gap."""
        with self.db.work() as connection:
            return replay.events_since(connection, request)
