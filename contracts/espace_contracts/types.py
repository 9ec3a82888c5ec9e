"""Words that every message shares: how a SIRET, an amount or a period is written on the bus."""

import re
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any
from uuid import UUID

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    StringConstraints,
    WithJsonSchema,
    model_validator,
)

SIREN_OF_LA_POSTE = "356000000"
CONTROL_CHARACTERS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


class Message(BaseModel):
    """A part of a message: frozen; members that the contract does not name are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


def is_siret(text: str) -> bool:
    """Whether *text* is a SIRET: 14 digits that pass the Luhn check (S2; INSEE).

    The establishments of La Poste pass by their sum of digits instead, as INSEE lays down.
    """
    if len(text) != 14 or not text.isascii() or not text.isdigit():
        return False
    digits = [int(digit) for digit in text]
    if text.startswith(SIREN_OF_LA_POSTE) and sum(digits) % 5 == 0:
        return True
    doubled = [digit * 2 if place % 2 == 0 else digit for place, digit in enumerate(digits)]
    return sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0


def _checked_siret(text: str) -> str:
    if not is_siret(text):
        raise ValueError("is not a SIRET: 14 digits with a valid Luhn check")
    return text


def _clean(text: str) -> str:
    if CONTROL_CHARACTERS.search(text):
        raise ValueError("contains control or direction characters")
    return text


def _decimal_string(value: Any) -> Decimal:
    """JSON numbers are refused: a float has already lost the cents when it arrives."""
    if isinstance(value, Decimal):
        return value
    if not isinstance(value, str) or not re.fullmatch(r"-?[0-9]{1,18}(\.[0-9]{1,2})?", value):
        raise ValueError("must be a decimal string such as '2764.94', with two places at most")
    try:
        return Decimal(value)
    except InvalidOperation as exc:
        raise ValueError("is not a decimal number") from exc


def _two_places(value: Decimal) -> str:
    return f"{value:.2f}"


def _decimal_schema(example: str) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "pattern": r"^-?\d{1,18}(\.\d{1,2})?$", "examples": [example]})


Siret = Annotated[str, AfterValidator(_checked_siret), Field(examples=["73282932000074"])]
Money = Annotated[
    Decimal,
    BeforeValidator(_decimal_string),
    Field(gt=Decimal("-1e10"), lt=Decimal("1e10")),
    PlainSerializer(_two_places, return_type=str),
    _decimal_schema("2764.94"),
]
Hours = Annotated[
    Decimal,
    BeforeValidator(_decimal_string),
    Field(gt=Decimal("-1e5"), lt=Decimal("1e5")),
    PlainSerializer(_two_places, return_type=str),
    _decimal_schema("151.67"),
]
Day = Annotated[date, Field(ge=date(1970, 1, 1), le=date(2200, 12, 31))]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200), AfterValidator(_clean)]
LongText = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]
DossierNumber = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=40), AfterValidator(_clean)
]
PaymentNumber = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=40), AfterValidator(_clean)
]
Email = Annotated[
    str, StringConstraints(max_length=254, pattern=r"^[^\s@<>()\[\],;:\\\"\x00-\x1f]+@[^\s@<>()\[\],;:\\\"\x00-\x1f]+$")
]
Version = Annotated[int, Field(ge=1, le=2_000_000_000, strict=True)]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
TokenHash = Sha256  # tokens themselves never travel: only their SHA-256 does (K34)
Sealed = Annotated[str, StringConstraints(min_length=1, max_length=4000)]  # base64 of an X25519 sealed box
IdempotencyKey = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Cursor = Annotated[str, StringConstraints(min_length=1, max_length=400)]
Id = UUID
Instant = AwareDatetime


class Period(Message):
    """First and last day, both included."""

    start: Day
    end: Day

    @model_validator(mode="after")
    def _in_order(self) -> "Period":
        if self.end < self.start:
            raise ValueError("ends before it starts")
        return self


class Person(Message):
    """A beneficiary: the employee who retrains."""

    last_name: Text
    first_name: Text


class Actor(Message):
    """The person on whose behalf the gateway calls; kept beside what they did."""

    account_id: Id
    name: Text


class Funder(Message):
    """The Transitions Pro that follows a dossier, as shown in the contact block (S56)."""

    name: Text
    email: Email
    phone: Text | None = None
    address: Text | None = None
