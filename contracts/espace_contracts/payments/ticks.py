"""Payments marked as checked (S32)."""

from pydantic import Field, model_validator

from espace_contracts import errors
from espace_contracts.payments.lists import PaymentSearch
from espace_contracts.payments.words import BY_GATEWAY, SERVICE
from espace_contracts.rpc import Answer, Method, Write
from espace_contracts.types import Actor, Id, Instant, PaymentNumber, Siret

MOST_TICKED = 10_000  # payments that one call marks: half of the largest employer's


class TickPayments(Write):
    """Mark payments as checked: those of *payment_numbers*, or all that *search* finds (« tout pointer »).

    Exactly one of the two is given. A search takes at most `MOST_TICKED` payments, newest first; what is checked
    already and what is cancelled are passed over. So is, with *seen_until*, what the funder has stated or corrected
    after the list was read: nobody has looked at it.
    """

    siret: Siret
    actor: Actor
    payment_numbers: tuple[PaymentNumber, ...] = Field(default=(), max_length=1000)
    search: PaymentSearch | None = None
    seen_until: Instant | None = Field(default=None, description="of the `PaymentsPage` that the person looked at")

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
    newer: int = Field(
        default=0, description="payments of the search that were passed over as stated after `seen_until`"
    )


_TICKING = (errors.NotFound, errors.InvalidRequest, errors.KeyReused)
TICK_PAYMENTS = Method(SERVICE, "tick_payments", TickPayments, TickedPayments, BY_GATEWAY, _TICKING, seconds=15)
UNTICK_PAYMENTS = Method(SERVICE, "untick_payments", UntickPayments, TickedPayments, BY_GATEWAY, _TICKING, seconds=15)
