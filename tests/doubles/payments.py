"""The canned answers of payments: the guide's list, ticks that hold."""

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid5

from espace_contracts import errors, payments
from espace_contracts.types import Person

from tests.doubles.facts import AUDREY, DUPUIS, NOW, NURSE, SPACE, THEO, WORKS, span


def payment(number: str, day: str, dossier: str, who: Person, amount: str, **more: Any) -> payments.Payment:
    """A payment of the list."""
    facts: dict[str, Any] = {
        "payment_number": number,
        "version": 1,
        "state": "current",
        "dossier_number": dossier,
        "beneficiary": who,
        "training_title": WORKS if who is THEO else NURSE,
        "amount": Decimal(amount),
        "paid_hours": Decimal("151.67"),
        "periods": (span("2019-09-01", "2019-09-30"),),
        "paid_on": date.fromisoformat(day),
        "transfer_reference": f"TP{day.replace('-', '')}-{number}",
        "transfer_amount": Decimal(amount),
        "transfer_count": 1,
    }
    return payments.Payment(**facts | more)


TWO_MONTHS = (span("2019-07-01", "2019-07-31"), span("2019-08-01", "2019-08-31"))
GUIDE = (
    payment("806112", "2019-12-11", "19GE00565", AUDREY, "2764.94", periods=(span("2019-11-01", "2019-11-30"),)),
    payment("806113", "2019-12-11", "19XX00565", THEO, "2764.94", periods=(span("2019-11-01", "2019-11-30"),)),
    payment("804871", "2019-11-21", "19GE00565", AUDREY, "3054.63", periods=(span("2019-10-01", "2019-10-31"),)),
    payment("804872", "2019-11-21", "19XX00565", THEO, "3054.63", periods=(span("2019-10-01", "2019-10-31"),)),
    payment("803455", "2019-10-31", "18RCDI4786", DUPUIS, "3826.63"),
    payment("803102", "2019-10-21", "19GE00565", AUDREY, "2816.51", paid_hours=Decimal("140.00")),
    payment("803103", "2019-10-21", "19XX00565", THEO, "2816.51", paid_hours=Decimal("140.00")),
    payment("803090", "2019-10-14", "18RCDI4786", DUPUIS, "8661.36", paid_hours=Decimal("303.34"), periods=TWO_MONTHS),
)


def totals(listed: tuple[payments.Payment, ...], ticks: dict[str, payments.Tick]) -> payments.PaymentTotals:
    """The totals of some payments; cancelled ones do not count."""
    listed = tuple(one for one in listed if one.state == "current")
    done = [one for one in listed if one.payment_number in ticks]
    left = [one for one in listed if one.payment_number not in ticks]
    return payments.PaymentTotals(
        amount=sum((one.amount for one in listed), Decimal(0)),
        count=len(listed),
        ticked_amount=sum((one.amount for one in done), Decimal(0)),
        ticked_count=len(done),
        left_amount=sum((one.amount for one in left), Decimal(0)),
        left_count=len(left),
    )


class FakePayments:
    """Answers as payments would, without pages."""

    def __init__(self) -> None:
        super().__init__()
        self.payments = GUIDE
        self.ticks: dict[str, payments.Tick] = {}
        self.export: payments.Export | None = None
        self.batches: dict[UUID | None, tuple[str, ...]] = {}

    def _found(self, search: payments.PaymentSearch) -> tuple[payments.Payment, ...]:
        found = [one.model_copy(update={"tick": self.ticks.get(one.payment_number)}) for one in self.payments]
        if search.text:
            found = [
                one for one in found if one.dossier_number.startswith(search.text) or one.payment_number == search.text
            ]
        found = [one for one in found if not search.paid_from or one.paid_on >= search.paid_from]
        found = [one for one in found if not search.paid_to or one.paid_on <= search.paid_to]
        return tuple(one for one in found if search.ticked is None or bool(one.tick) == search.ticked)

    def list_payments(self, request: payments.ListPayments) -> payments.PaymentsPage:
        """The search, all on one page."""
        found = self._found(request.search)
        months = []
        for key in dict.fromkeys(f"{one.paid_on:%Y-%m}" for one in found):
            own = totals(tuple(one for one in found if f"{one.paid_on:%Y-%m}" == key), self.ticks)
            facts = {"amount": own.amount, "count": own.count, "left_count": own.left_count}
            months.append(payments.MonthTotal(month=key, **facts))
        return payments.PaymentsPage(
            totals=totals(found, self.ticks),
            unfiltered_count=len(self.payments),
            months=tuple(months),
            payments=found[: request.limit],
            seen_until=NOW,
        )

    def tick_payments(self, request: payments.TickPayments) -> payments.TickedPayments:
        """Tick them, or all of the search."""
        known = {one.payment_number for one in self.payments}
        if not set(request.payment_numbers) <= known:
            raise errors.NotFound
        searched = () if request.search is None else self._found(request.search)
        wanted = request.payment_numbers or tuple(one.payment_number for one in searched if one.state == "current")
        changed = tuple(number for number in wanted if number not in self.ticks)
        self.ticks |= {number: payments.Tick(at=NOW, by=request.actor.name) for number in changed}
        batch = uuid5(SPACE, ",".join(changed)) if len(changed) > 1 else None
        self.batches |= {batch: changed} if batch else {}
        newer = 0 if request.seen_until in (None, NOW) else 1
        return payments.TickedPayments(changed=changed, batch=batch, newer=newer)

    def untick_payments(self, request: payments.UntickPayments) -> payments.TickedPayments:
        """Untick them, or a batch."""
        wanted = request.payment_numbers or self.batches.get(request.batch, ())
        changed = [number for number in wanted if self.ticks.pop(number, None)]
        return payments.TickedPayments(changed=tuple(changed))

    def list_exports(self, request: payments.ListExports) -> payments.Exports:
        """The job that the test has put, if there is one."""
        if self.export is None or self.export.job_id is None:
            return payments.Exports(exports=())
        facts = self.export.model_dump(include={"job_id", "state", "done", "total"})
        file = self.export.file.model_dump(include={"file_name", "size"}) if self.export.file else {}
        return payments.Exports(exports=(payments.ListedExport(format="xlsx", requested_at=NOW, **facts, **file),))

    def get_export(self, request: payments.GetExport) -> payments.Export:
        """The job that the test has put."""
        if self.export is None or self.export.job_id != request.job_id:
            raise errors.NotFound
        return self.export
