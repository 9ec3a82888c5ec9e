"""The service `payments`: what was paid, ticks, exports."""

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, StringConstraints, model_validator

from espace_contracts import errors
from espace_contracts.envelope import EventData
from espace_contracts.funder import PaymentFacts
from espace_contracts.rpc import FUNDER, GATEWAY, Answer, Method, Request, Write
from espace_contracts.types import (
    Actor,
    Cursor,
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

SERVICE = "payments"
EXCHANGE = "payments.events"
PaymentState = Literal["current", "cancelled"]
ExportFormat = Literal["xlsx", "csv"]
ExportState = Literal["waiting", "running", "ready", "failed"]
SearchText = Annotated[str, StringConstraints(max_length=200)]
MOST_TICKED = 10_000  # payments that one call marks: half of the largest employer's


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


class RecordPayments(Write):
    """Up to 1,000 payments; each is checked by itself as a `PaymentFacts`, the valid ones are recorded.

    With *check_only* nothing is: the answer says what would become of them.
    """

    payments: tuple[dict[str, Any], ...] = Field(
        min_length=1, max_length=1000, json_schema_extra={"items": {"$ref": "#/$defs/PaymentFacts"}}
    )

    check_only: bool = False

    facts: ClassVar[type[PaymentFacts]] = PaymentFacts


class RejectedPayment(Answer):
    """Why the payment at *index* (from 0) was not recorded."""

    index: int
    reason: str
    fields: tuple[str, ...] = ()


class RecordedPayments(Answer):
    """*unchanged*: already known in this or a higher version."""

    recorded: int
    unchanged: int
    rejected: tuple[RejectedPayment, ...] = ()


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


class TickPayments(Write):
    """Mark payments as checked: those of *payment_numbers*, or all that *search* finds (« tout pointer »).

    Exactly one of the two is given. A search takes at most `MOST_TICKED` payments, newest first; what is checked
    already and what is cancelled are passed over.
    """

    siret: Siret
    actor: Actor
    payment_numbers: tuple[PaymentNumber, ...] = Field(default=(), max_length=1000)
    search: PaymentSearch | None = None

    @model_validator(mode="after")
    def _one_way(self) -> "TickPayments":
        if bool(self.payment_numbers) == (self.search is not None):
            raise ValueError("takes either payment_numbers or a search")
        return self


class UntickPayments(Write):
    """Remove the marks of *payment_numbers*, or of all that were set together as *batch* and still are (undo)."""

    siret: Siret
    actor: Actor
    payment_numbers: tuple[PaymentNumber, ...] = Field(default=(), max_length=1000)
    batch: Id | None = None

    @model_validator(mode="after")
    def _one_way(self) -> "UntickPayments":
        if bool(self.payment_numbers) == (self.batch is not None):
            raise ValueError("takes either payment_numbers or a batch")
        return self


class TickedPayments(Answer):
    """Those whose state has changed; *batch* names several that were marked together."""

    changed: tuple[PaymentNumber, ...]
    batch: Id | None = None
    left: int = Field(default=0, description="payments of the search that were too many for one call")


class ExportPayments(Write):
    """Make the file of a search, all pages (S33): Excel, or CSV with semicolons."""

    siret: Siret
    actor: Actor
    legal_name: Text
    search: PaymentSearch = PaymentSearch()
    format: ExportFormat = "xlsx"


class ExportedFile(Answer):
    """Where the file can be fetched for a minute; the bytes never travel on the bus."""

    url: str
    file_name: str
    media_type: str
    size: int


class Export(Answer):
    """A file of payments: a short one is `ready` at once, a long one is a job to be asked for with `get_export`."""

    state: ExportState
    job_id: Id | None = Field(default=None, description="set for a long one")
    done: int = Field(description="payments written so far")
    total: int = Field(description="payments of the search when it was asked for")
    file: ExportedFile | None = Field(default=None, description="set when it is ready")


class GetExport(Request):
    """How far a job is; a finished file is kept for a day."""

    siret: Siret
    job_id: Id


_GATEWAY = frozenset({GATEWAY})
_FUNDER = frozenset({FUNDER})

RECORD_PAYMENTS = Method(
    SERVICE,
    "record_payments",
    RecordPayments,
    RecordedPayments,
    _FUNDER,
    (errors.InvalidRequest, errors.KeyReused),
    identified=False,
    seconds=20,
)
LIST_PAYMENTS = Method(SERVICE, "list_payments", ListPayments, PaymentsPage, _GATEWAY, (errors.InvalidRequest,))
_TICKING = (errors.NotFound, errors.InvalidRequest, errors.KeyReused)
TICK_PAYMENTS = Method(SERVICE, "tick_payments", TickPayments, TickedPayments, _GATEWAY, _TICKING, seconds=15)
UNTICK_PAYMENTS = Method(SERVICE, "untick_payments", UntickPayments, TickedPayments, _GATEWAY, _TICKING, seconds=15)
EXPORT_PAYMENTS = Method(
    SERVICE,
    "export_payments",
    ExportPayments,
    Export,
    _GATEWAY,
    (errors.InvalidRequest, errors.KeyReused),
    seconds=30,
)
GET_EXPORT = Method(SERVICE, "get_export", GetExport, Export, _GATEWAY, (errors.NotFound,))

EVENTS: tuple[type[EventData], ...] = (PaymentRecorded, PaymentTicked, PaymentUnticked, PaymentsExported)
METHODS = (RECORD_PAYMENTS, LIST_PAYMENTS, TICK_PAYMENTS, UNTICK_PAYMENTS, EXPORT_PAYMENTS, GET_EXPORT)
