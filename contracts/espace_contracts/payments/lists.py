"""The employer's list of payments, its search and its totals (S23 to S31)."""

from pydantic import Field

from espace_contracts import errors
from espace_contracts.payments.words import BY_GATEWAY, SERVICE, PaymentState, SearchText
from espace_contracts.rpc import Answer, Method, Request
from espace_contracts.types import (
    Cursor,
    Day,
    DossierNumber,
    Hours,
    Instant,
    Money,
    PaymentNumber,
    Period,
    Person,
    Siret,
    Text,
    Version,
)


class PaymentSearch(Request):
    """The criteria of S30; they combine. *text* is the box « N° dossier / N° règlement »."""

    paid_from: Day | None = None
    paid_to: Day | None = None
    worked_from: Day | None = None
    worked_to: Day | None = None
    text: SearchText | None = None
    ticked: bool | None = None


class ListPayments(Request):
    """One page of the employer's payments, newest first, with the totals of the whole search."""

    siret: Siret
    search: PaymentSearch = PaymentSearch()
    cursor: Cursor | None = None
    limit: int = Field(default=100, ge=1, le=500)


class Tick(Answer):
    """Who marked a payment as checked, and when."""

    at: Instant
    by: str


class Payment(Answer):
    """One payment of the list (S27)."""

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
    transfer_amount: Money = Field(description="sum of the transfer's payments: the line on the bank statement")
    transfer_count: int
    corrects: PaymentNumber | None = None
    cancelled_on: Day | None = None
    cancellation_reason: str | None = None
    tick: Tick | None = None
    untick_reason: str | None = Field(default=None, description="why a correction removed the tick")


class MonthTotal(Answer):
    """A month of the search: its totals are the whole month's, not the page's (S25)."""

    month: str = Field(pattern=r"^\d{4}-\d{2}$")
    amount: Money
    count: int
    left_count: int


class PaymentTotals(Answer):
    """Totals of the search; cancelled payments are outside of them."""

    amount: Money
    count: int
    ticked_amount: Money
    ticked_count: int
    left_amount: Money
    left_count: int


class PaymentsPage(Answer):
    """Rows and totals come from one snapshot (S32). A page ends between two rows (date and dossier), never within."""

    totals: PaymentTotals
    unfiltered_count: int = Field(description="all payments of the employer, for the empty state")
    months: tuple[MonthTotal, ...] = Field(description="of all months of which the page holds payments")
    payments: tuple[Payment, ...]
    next_cursor: Cursor | None = None
    seen_until: Instant | None = Field(
        default=None, description="when the newest payment of the search was stated: `tick_payments` takes it"
    )


LIST_PAYMENTS = Method(SERVICE, "list_payments", ListPayments, PaymentsPage, BY_GATEWAY, (errors.InvalidRequest,))
