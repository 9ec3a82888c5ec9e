"""What the service does: record, list, tick, export. Each runs inside the caller's transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from espace_contracts import payments as api
from espace_contracts.envelope import faulty_fields
from espace_contracts.errors import NotFound
from espace_contracts.funder import PaymentFacts
from pydantic import ValidationError
from sqlalchemy import Connection

from chassis import outbox
from services.payments import domain, pages, rows, store
from services.payments.domain import Known, Statement
from services.payments.search import Criteria, read_search

Heard = dict[str, list[tuple[int, Statement]]]  # by payment number, each with its place in the list


@dataclass
class Recorded:
    """What became of each statement, by its place in the list."""

    recorded: int = 0
    unchanged: int = 0
    conflicts: list[int] = field(default_factory=list)

    def add(self, place: int, outcome: domain.Outcome) -> None:
        """Count one."""
        self.recorded += outcome == "recorded"
        self.unchanged += outcome == "unchanged"
        if outcome == "conflict":
            self.conflicts.append(place)


def record(connection: Connection, statements: Sequence[Statement], *, now: datetime) -> Recorded:
    """Take the funder's *statements* over, in whatever order they come; one round trip for all new payments.

    The highest version of a payment wins. The same version with another content is a conflict: the first stays.
    """
    pending: Heard = {}
    for place, statement in enumerate(statements):
        pending.setdefault(statement.payment_number, []).append((place, statement))
    result = Recorded()
    while pending:
        pending = _record_round(connection, pending, result, now=now)
    result.conflicts.sort()
    return result


def _record_round(connection: Connection, pending: Heard, result: Recorded, *, now: datetime) -> Heard:
    """Merge, write and tell; what another transaction was the first to write comes back, to be merged again."""
    known = {number: rows.known(row) for number, row in store.lock_known(connection, pending).items()}
    changes: dict[str, tuple[Known, Known]] = {}
    outcomes: dict[str, list[tuple[int, domain.Outcome]]] = {}
    for number, heard in pending.items():
        before = known.get(number, domain.NOTHING)
        after, outcomes[number] = _hear_all(before, heard)
        if after != before:
            changes[number] = before, after
    written = store.write(connection, [rows.row(after, now=now) for _, after in changes.values()])
    lost = changes.keys() - written
    for number in pending.keys() - lost:
        for place, outcome in outcomes[number]:
            result.add(place, outcome)
    for number in sorted(written):
        _tell(connection, *changes[number], now=now)
    return {number: pending[number] for number in lost}


def _hear_all(before: Known, heard: Sequence[tuple[int, Statement]]) -> tuple[Known, list[tuple[int, domain.Outcome]]]:
    after = before
    outcomes = []
    for place, statement in heard:
        after, outcome = domain.hear(after, statement)
        outcomes.append((place, outcome))
    return domain.let_tick_fall(before, after), outcomes


def _tell(connection: Connection, before: Known, after: Known, *, now: datetime) -> None:
    if after.facts is not None and after.shown != before.shown:
        outbox.publish(connection, rows.recorded_event(after), subject=after.facts.payment_number, at=now)
    if before.facts is not None and before.tick is not None and after.tick is None:
        number = before.facts.payment_number
        unticked = api.PaymentUnticked(siret=before.facts.siret, payment_number=number, reason="corrected")
        outbox.publish(connection, unticked, subject=number, at=now)


def record_payments(connection: Connection, request: api.RecordPayments, *, now: datetime) -> api.RecordedPayments:
    """Record the valid ones; the others are listed with their reason: `invalid` or `version_conflict`."""
    valid: list[tuple[int, PaymentFacts]] = []
    rejected: list[api.RejectedPayment] = []
    for index, stated in enumerate(request.payments):
        try:
            valid.append((index, api.RecordPayments.facts.model_validate(stated)))
        except ValidationError as exc:
            rejected.append(api.RejectedPayment(index=index, reason="invalid", fields=faulty_fields(exc)))
    outcome = record(connection, [facts for _, facts in valid], now=now)
    for place in outcome.conflicts:
        rejected.append(api.RejectedPayment(index=valid[place][0], reason="version_conflict", fields=("version",)))
    rejected.sort(key=lambda one: one.index)
    return api.RecordedPayments(recorded=outcome.recorded, unchanged=outcome.unchanged, rejected=tuple(rejected))


def list_payments(connection: Connection, request: api.ListPayments) -> api.PaymentsPage:
    """One page with the totals of the whole search. The transaction must be one snapshot (S32).

    Raises InvalidRequest for a cursor that is not ours and for a period that ends before it starts.
    """
    criteria = read_search(request.search)
    after = domain.read_cursor(request.cursor) if request.cursor else None
    months = store.months(connection, request.siret, criteria)
    found = store.page(connection, request.siret, criteria, after=after, rows=request.limit + 1)
    keys = [(row.paid_on, row.dossier_number) for row in found]
    end = domain.end_of_page(keys, request.limit)
    more = end < len(found)
    if not more and len(found) > request.limit:
        more = store.more_after(connection, request.siret, criteria, end=keys[-1])
    everything = criteria == Criteria()
    return pages.page(
        months,
        found[:end],
        unfiltered_count=sum(month.lines for month in months) if everything else store.count(connection, request.siret),
        next_cursor=domain.write_cursor(*keys[end - 1]) if more else None,
    )


def tick(connection: Connection, request: api.TickPayments, *, now: datetime) -> api.TickedPayments:
    """Mark as checked; those that are already stay as they are, with who and when.

    Raises NotFound, with nothing changed, if any is not the employer's own or is cancelled.
    """
    changed = _own(connection, request, ticked=False)
    if changed:
        store.tick(connection, request.siret, changed, actor=request.actor, now=now)
    for number in changed:
        event = api.PaymentTicked(
            siret=request.siret, payment_number=number, account_id=request.actor.account_id, ticked_at=now
        )
        outbox.publish(connection, event, subject=number, at=now)
    return api.TickedPayments(changed=changed)


def untick(connection: Connection, request: api.TickPayments, *, now: datetime) -> api.TickedPayments:
    """Remove the marks; those without stay as they are. Raises NotFound like `tick`."""
    changed = _own(connection, request, ticked=True)
    if changed:
        store.untick(connection, request.siret, changed, now=now)
    for number in changed:
        event = api.PaymentUnticked(
            siret=request.siret, payment_number=number, account_id=request.actor.account_id, reason="removed"
        )
        outbox.publish(connection, event, subject=number, at=now)
    return api.TickedPayments(changed=changed)


def _own(connection: Connection, request: api.TickPayments, *, ticked: bool) -> tuple[str, ...]:
    numbers = tuple(dict.fromkeys(request.payment_numbers))
    own: Mapping[str, Any] = store.lock_own(connection, request.siret, numbers)
    if any(number not in own or own[number].state != "current" for number in numbers):
        raise NotFound("a payment is unknown, cancelled or another employer's", "payment_numbers")
    return tuple(number for number in numbers if own[number].ticked is ticked)


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
