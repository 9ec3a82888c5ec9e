"""What the service `payments` tells on its exchange."""

from typing import ClassVar, Literal

from espace_contracts.envelope import EventData
from espace_contracts.payments.words import EXCHANGE, ExportFormat, PaymentState
from espace_contracts.types import (
    Day,
    DossierNumber,
    Hours,
    Id,
    Instant,
    Money,
    PaymentNumber,
    Period,
    Person,
    Siret,
    Text,
    Version,
)


class PaymentsEvent(EventData):
    """What all events of this exchange share."""

    exchange: ClassVar[str] = EXCHANGE

    siret: Siret


class PaymentRecorded(PaymentsEvent):
    """A payment, or a new version of it, is in the employer's list."""

    type: ClassVar[str] = "PaymentRecorded.v1"

    payment_number: PaymentNumber
    version: Version
    state: PaymentState
    dossier_number: DossierNumber
    beneficiary: Person
    training_title: Text
    amount: Money
    paid_hours: Hours
    periods: tuple[Period, ...]
    paid_on: Day
    transfer_reference: Text


class PaymentTicked(PaymentsEvent):
    """Somebody marked the payment as checked (S32)."""

    type: ClassVar[str] = "PaymentTicked.v1"

    payment_number: PaymentNumber
    account_id: Id
    ticked_at: Instant


class PaymentUnticked(PaymentsEvent):
    """The tick was removed, by a person or by a correction (then without account)."""

    type: ClassVar[str] = "PaymentUnticked.v1"

    payment_number: PaymentNumber
    account_id: Id | None = None
    reason: Literal["removed", "corrected"]


class PaymentsExported(PaymentsEvent):
    """A file of payments was made for this person (S33)."""

    type: ClassVar[str] = "PaymentsExported.v1"

    account_id: Id
    count: int
    format: ExportFormat = "xlsx"


class PaymentsPurged(PaymentsEvent):
    """These payments have been kept for as long as accounts are, and are gone from the employer's list."""

    type: ClassVar[str] = "PaymentsPurged.v1"

    payment_numbers: tuple[PaymentNumber, ...]


EVENTS: tuple[type[EventData], ...] = (
    PaymentRecorded,
    PaymentTicked,
    PaymentUnticked,
    PaymentsExported,
    PaymentsPurged,
)
