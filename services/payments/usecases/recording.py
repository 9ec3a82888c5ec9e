"""The funder's statements: whatever their order, the highest version of each payment wins."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from espace_contracts import payments as api
from espace_contracts.envelope import faulty_fields
from espace_contracts.funder import PaymentFacts
from pydantic import ValidationError
from sqlalchemy import Connection

from chassis import outbox
from services.payments import domain, rows
from services.payments.domain import Known, Statement
from services.payments.store import writing as store

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
    told = [event for number in sorted(written) for event in _news(*changes[number])]
    outbox.publish_all(connection, [(event, event.payment_number) for event in told], at=now)
    return {number: pending[number] for number in lost}


def _hear_all(before: Known, heard: Sequence[tuple[int, Statement]]) -> tuple[Known, list[tuple[int, domain.Outcome]]]:
    after = before
    outcomes = []
    for place, statement in heard:
        after, outcome = domain.hear(after, statement)
        outcomes.append((place, outcome))
    return domain.let_tick_fall(before, after), outcomes


def _news(before: Known, after: Known) -> Iterator[api.PaymentRecorded | api.PaymentUnticked]:
    if after.facts is not None and after.shown != before.shown:
        yield rows.recorded_event(after)
    if before.facts is not None and before.tick is not None and after.tick is None:
        number = before.facts.payment_number
        yield api.PaymentUnticked(siret=before.facts.siret, payment_number=number, reason="corrected")


def record_payments(connection: Connection, request: api.RecordPayments, *, now: datetime) -> api.RecordedPayments:
    """Record the valid ones; the others are listed with their reason: `invalid` or `version_conflict`."""
    valid: list[tuple[int, PaymentFacts]] = []
    rejected: list[api.RejectedPayment] = []
    for index, stated in enumerate(request.payments):
        try:
            valid.append((index, api.RecordPayments.facts.model_validate(stated)))
        except ValidationError as exc:
            rejected.append(api.RejectedPayment(index=index, reason="invalid", fields=faulty_fields(exc)))
    statements = [facts for _, facts in valid]
    take = _try if request.check_only else record
    outcome = take(connection, statements, now=now)
    for place in outcome.conflicts:
        rejected.append(api.RejectedPayment(index=valid[place][0], reason="version_conflict", fields=("version",)))
    rejected.sort(key=lambda one: one.index)
    return api.RecordedPayments(recorded=outcome.recorded, unchanged=outcome.unchanged, rejected=tuple(rejected))


def _try(connection: Connection, statements: Sequence[Statement], *, now: datetime) -> Recorded:
    """What `record` would answer; rows and events are taken back."""
    with connection.begin_nested() as attempt:
        outcome = record(connection, statements, now=now)
        attempt.rollback()
    return outcome
