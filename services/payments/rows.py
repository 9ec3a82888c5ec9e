"""Between a row of the table and what the rules know of a payment."""

from datetime import datetime
from typing import Any

from espace_contracts import payments as api
from espace_contracts.funder import PaymentCancelled, PaymentFacts
from espace_contracts.types import Period, Person
from sqlalchemy import Row

from services.payments.domain import Known, TickMark
from services.payments.search import beneficiary_key, number_key

NO_FACTS = dict.fromkeys(
    (
        "facts_version",
        "dossier_number",
        "dossier_key",
        "beneficiary_last_name",
        "beneficiary_first_name",
        "beneficiary_key",
        "training_title",
        "amount",
        "paid_hours",
        "periods",
        "worked_from",
        "worked_to",
        "paid_on",
        "transfer_reference",
        "transfer_key",
        "corrects",
    )
)
NO_CANCELLATION = dict.fromkeys(("cancelled_version", "cancelled_siret", "cancelled_on", "cancellation_reason"))


def known(row: Row[Any]) -> Known:
    """What *row* holds."""
    return Known(
        facts=None if row.facts_version is None else _facts(row),
        cancellation=None if row.cancelled_version is None else _cancellation(row),
        tick=None if row.ticked_at is None else _tick(row),
        untick_reason=row.untick_reason,
        revision=row.revision,
    )


def _tick(row: Row[Any]) -> TickMark:
    return TickMark(at=row.ticked_at, account_id=row.ticked_by_account, name=row.ticked_by_name, batch=row.tick_batch)


def _facts(row: Row[Any]) -> PaymentFacts:
    return PaymentFacts(
        payment_number=row.payment_number,
        version=row.facts_version,
        siret=row.siret,
        dossier_number=row.dossier_number,
        beneficiary=Person(last_name=row.beneficiary_last_name, first_name=row.beneficiary_first_name),
        training_title=row.training_title,
        amount=row.amount,
        currency="EUR",
        paid_hours=row.paid_hours,
        periods=tuple(Period.model_validate(period) for period in row.periods),
        paid_on=row.paid_on,
        transfer_reference=row.transfer_reference,
        corrects=row.corrects,
    )


def _cancellation(row: Row[Any]) -> PaymentCancelled:
    return PaymentCancelled(
        payment_number=row.payment_number,
        version=row.cancelled_version,
        siret=row.cancelled_siret,
        cancelled_on=row.cancelled_on,
        reason=row.cancellation_reason,
    )


def row(payment: Known, *, now: datetime) -> dict[str, Any]:
    """The whole row of *payment*, at its next revision. The employer is the facts', else the cancellation's."""
    stated = payment.facts or payment.cancellation
    if stated is None:
        raise ValueError("there is nothing to write of this payment")
    return {
        "payment_number": stated.payment_number,
        "number_key": number_key(stated.payment_number),
        "siret": stated.siret,
        "state": payment.state,
        "version": payment.version,
        "revision": payment.revision + 1,
        **(_fact_columns(payment.facts) if payment.facts else NO_FACTS),
        **(_cancellation_columns(payment.cancellation) if payment.cancellation else NO_CANCELLATION),
        "ticked_at": payment.tick.at if payment.tick else None,
        "ticked_by_account": payment.tick.account_id if payment.tick else None,
        "ticked_by_name": payment.tick.name if payment.tick else None,
        "tick_batch": payment.tick.batch if payment.tick else None,
        "untick_reason": payment.untick_reason,
        "recorded_at": now,
        "changed_at": now,
        "stated_at": now,
    }


def _fact_columns(facts: PaymentFacts) -> dict[str, Any]:
    periods = sorted(facts.periods, key=lambda period: period.start)
    last_name, first_name = facts.beneficiary.last_name, facts.beneficiary.first_name
    return {
        "facts_version": facts.version,
        "dossier_number": facts.dossier_number,
        "dossier_key": number_key(facts.dossier_number),
        "beneficiary_last_name": last_name,
        "beneficiary_first_name": first_name,
        "beneficiary_key": beneficiary_key(last_name, first_name),
        "training_title": facts.training_title,
        "amount": facts.amount,
        "paid_hours": facts.paid_hours,
        "periods": [{"start": p.start.isoformat(), "end": p.end.isoformat()} for p in periods],
        "worked_from": periods[0].start,
        "worked_to": periods[-1].end,
        "paid_on": facts.paid_on,
        "transfer_reference": facts.transfer_reference,
        "transfer_key": number_key(facts.transfer_reference),
        "corrects": facts.corrects,
    }


def _cancellation_columns(cancellation: PaymentCancelled) -> dict[str, Any]:
    return {
        "cancelled_version": cancellation.version,
        "cancelled_siret": cancellation.siret,
        "cancelled_on": cancellation.cancelled_on,
        "cancellation_reason": cancellation.reason.replace("\x00", ""),  # PostgreSQL keeps no NUL
    }


def recorded_event(payment: Known) -> api.PaymentRecorded:
    """The event that tells of *payment* as it is now; its facts must be known."""
    facts = payment.facts
    if facts is None or payment.state == "awaited":
        raise ValueError("a payment is told of once its facts are known")
    return api.PaymentRecorded(
        siret=facts.siret,
        payment_number=facts.payment_number,
        version=payment.version,
        state=payment.state,
        dossier_number=facts.dossier_number,
        beneficiary=facts.beneficiary,
        training_title=facts.training_title,
        amount=facts.amount,
        paid_hours=facts.paid_hours,
        periods=facts.periods,
        paid_on=facts.paid_on,
        transfer_reference=facts.transfer_reference,
    )
