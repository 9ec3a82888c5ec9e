"""How a remote method is declared: one object that both ends share."""

from dataclasses import dataclass
from typing import Generic, TypeVar

from pydantic import BaseModel, ConfigDict

from espace_contracts.errors import Refusal
from espace_contracts.types import IdempotencyKey, Message

GATEWAY = "gateway"
FUNDER = "funder"
TRAINING_PROVIDER = "training_provider"
BENEFICIARY = "beneficiary"
OUTSIDE_KINDS = (FUNDER, TRAINING_PROVIDER, BENEFICIARY)


class Request(Message):
    """What a method takes: one JSON object."""


class Write(Request):
    """A request that changes something: with the same key it is applied once and answered alike (R18)."""

    idempotency_key: IdempotencyKey | None = None


class Answer(BaseModel):
    """What a method returns: one JSON object. Callers pass over members that they do not know."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)


class Done(Answer):
    """The answer of a method that has nothing to say."""


RequestT = TypeVar("RequestT", bound=Request)
AnswerT = TypeVar("AnswerT", bound=Answer)


@dataclass(frozen=True)
class Method(Generic[RequestT, AnswerT]):
    """A remote method.

    *callers* are the kinds of broker users that may call it; with *identified* the broker-validated
    `user_id` of the message must name one of them, because the answer depends on who asks (K31).
    *seconds* is the deadline that our own clients give it.
    """

    service: str
    name: str
    request: type[RequestT]
    answer: type[AnswerT]
    callers: frozenset[str]
    refusals: tuple[type[Refusal], ...] = ()
    identified: bool = True
    seconds: float = 5.0

    @property
    def routing_key(self) -> str:
        """`service.method`, as nameko's RPC exchange wants it."""
        return f"{self.service}.{self.name}"
