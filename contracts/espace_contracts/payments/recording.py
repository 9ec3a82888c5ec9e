"""Payments handed in by a call instead of events."""

from typing import Any, ClassVar

from pydantic import Field

from espace_contracts import errors
from espace_contracts.funder import PaymentFacts
from espace_contracts.payments.words import BY_FUNDER, SERVICE
from espace_contracts.rpc import Answer, Method, Write


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


RECORD_PAYMENTS = Method(
    SERVICE,
    "record_payments",
    RecordPayments,
    RecordedPayments,
    BY_FUNDER,
    (errors.InvalidRequest, errors.KeyReused),
    identified=False,
    seconds=20,
)
