"""Events of the funder's systems, published on the exchange `funder.events`."""

import itertools
from decimal import Decimal
from typing import ClassVar, Literal

from pydantic import Field, field_validator

from espace_contracts.envelope import FunderEventData
from espace_contracts.types import (
    Day,
    DossierNumber,
    Email,
    Funder,
    Hours,
    Id,
    LongText,
    Message,
    Money,
    PaymentNumber,
    Period,
    Person,
    Siret,
    Text,
    Version,
)

EXCHANGE = "funder.events"


class FunderEvent(FunderEventData):
    """What all events of this exchange share."""

    exchange: ClassVar[str] = EXCHANGE


class Employer(Message):
    """The company that is paid back."""

    siret: Siret
    legal_name: Text
    contact_email: Email


class Dossier(Message):
    """One employee's retraining."""

    dossier_number: DossierNumber
    beneficiary: Person
    training_title: Text
    training_provider: Text
    period: Period


class FundingRequestReceived(FunderEvent):
    """A beneficiary asked for funding: the employer's account and the dossier come from it (S2)."""

    type: ClassVar[str] = "FundingRequestReceived.v1"

    employer: Employer
    dossier: Dossier
    funder: Funder


class DossierUpdated(FunderEvent):
    """The dossier as it is from now on; the highest version wins."""

    type: ClassVar[str] = "DossierUpdated.v1"

    siret: Siret
    version: Version
    dossier: Dossier


class PaymentFacts(Message):
    """One payment (« règlement ») as the funder states it; a higher version replaces a lower one."""

    payment_number: PaymentNumber
    version: Version
    siret: Siret
    dossier_number: DossierNumber
    beneficiary: Person
    training_title: Text
    amount: Money
    currency: Literal["EUR"]
    paid_hours: Hours
    periods: tuple[Period, ...] = Field(min_length=1, max_length=24)
    paid_on: Day
    transfer_reference: Text
    corrects: PaymentNumber | None = None

    @field_validator("periods")
    @classmethod
    def _apart(cls, periods: tuple[Period, ...]) -> tuple[Period, ...]:
        ordered = sorted(periods, key=lambda period: period.start)
        if any(later.start <= earlier.end for earlier, later in itertools.pairwise(ordered)):
            raise ValueError("periods overlap")
        return periods

    @field_validator("amount")
    @classmethod
    def _something(cls, amount: Decimal) -> Decimal:
        if amount == Decimal(0):
            raise ValueError("amount is zero")
        return amount


class PaymentIssued(PaymentFacts, FunderEvent):
    """A payment was made, or corrected."""

    type: ClassVar[str] = "PaymentIssued.v1"


class PaymentCancelled(FunderEvent):
    """The transfer came back: the payment stays visible, outside the totals."""

    type: ClassVar[str] = "PaymentCancelled.v1"

    payment_number: PaymentNumber
    version: Version
    siret: Siret
    cancelled_on: Day
    reason: LongText


class DocumentTakenIntoAccount(FunderEvent):
    """The funder has processed this version of a deposit: it does not change any more."""

    type: ClassVar[str] = "DocumentTakenIntoAccount.v1"

    document_id: Id
    document_version: Version
    siret: Siret


class DocumentRefused(FunderEvent):
    """The deposit is to be corrected, for this reason."""

    type: ClassVar[str] = "DocumentRefused.v1"

    document_id: Id
    document_version: Version
    siret: Siret
    reason: LongText


class EmployerContactChanged(FunderEvent):
    """The only event that replaces the contact address (S2)."""

    type: ClassVar[str] = "EmployerContactChanged.v1"

    siret: Siret
    version: Version
    contact_email: Email
