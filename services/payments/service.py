"""The service `payments` on the bus: what was paid, who checked it, and files of it.

Each entrypoint opens one transaction, calls one use case and answers plain data. Rules are in `domain`, work in
`usecases`, queries in `store`; what others may rely on is `espace_contracts.payments`.
"""

from espace_contracts import funder
from espace_contracts import payments as api
from espace_contracts.envelope import Event
from espace_contracts.registry import REPLAYS
from espace_contracts.replay import EventsPage, EventsSince

from chassis import replay
from chassis.bus import Unacceptable, rpc, subscribe
from chassis.idempotency import once
from chassis.service import Service
from services.payments import domain
from services.payments.export_sheet import paris_clock
from services.payments.exports import ExportsProvider, ExportSweeper
from services.payments.usecases import exports, lists, recording, ticks


class PaymentsService(Service):
    """Payments, ticks and exports of all employers, each shown to its own."""

    name = api.SERVICE

    exports = ExportsProvider()
    export_sweeper = ExportSweeper()

    @subscribe(funder.PaymentIssued)
    def record_issued_payment(self, event: Event[funder.PaymentIssued]) -> None:
        """A payment, or a new version of it, enters the employer's list."""
        self._record(event)

    @subscribe(funder.PaymentCancelled)
    def record_cancelled_payment(self, event: Event[funder.PaymentCancelled]) -> None:
        """A payment leaves the totals; it may come before the payment itself."""
        self._record(event)

    def _record(self, event: Event) -> None:
        with self.db.once(event) as connection:
            outcome = recording.record(connection, [event.data], now=self.clock())
            if outcome.conflicts:
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
    def export_payments(self, request: api.ExportPayments) -> api.ExportedFile:
        """The Excel file of a search. A repeat with the same key makes a fresh file, and is told of once."""
        now = self.clock()
        with self.exports.draft() as draft:
            with self.db.transaction(siret=request.siret) as connection:
                count = exports.write_export(connection, request, draft, now=now)
            file_name = domain.export_name(request.legal_name, paris_clock(now).date())
            exported = self.exports.publish(draft, file_name=file_name, now=now)
        with self.db.transaction(siret=request.siret) as connection:
            once(
                connection,
                api.EXPORT_PAYMENTS,
                request,
                lambda: exports.note_export(connection, request, exported, count=count, now=now),
            )
        return exported

    @rpc(REPLAYS[api.SERVICE])
    def events_since(self, request: EventsSince) -> EventsPage:
        """The service's events again, after a cursor, without a gap."""
        with self.db.work() as connection:
            return replay.events_since(connection, request)
