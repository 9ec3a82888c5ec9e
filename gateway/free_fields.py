"""Fields that one category alone asks for: read as people type them, shown as people read them (S39)."""

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal

from espace_contracts.documents import Category, Detail, DetailType, FreeField

from gateway import french

PREFIX = "champ_"  # of their names in forms
LONGEST = 200  # characters, as the contract has it


def name_of(key: str) -> str:
    """How the field with this key is called in the form."""
    return PREFIX + key


def named(category: Category | None) -> tuple[str, ...]:
    """The names of all such fields of a category."""
    return tuple(name_of(field.key) for field in category.free_fields) if category else ()


def read(field: FreeField, typed: str) -> str | None:
    """What was *typed*, as the contract writes it; None for an empty field.

    Raises ValueError, its text a word of `deposit_faults`, for what is missing or not of the field's type.
    """
    if not typed:
        if field.required:
            raise ValueError("missing")
        return None
    if field.type == "choice" and typed not in field.choices:
        raise ValueError("missing")
    reader, fault = READ.get(field.type, (_text, "too_long"))
    try:
        return reader(typed)
    except ValueError as exc:
        raise ValueError(fault) from exc


def _text(typed: str) -> str:
    if len(typed) > LONGEST:
        raise ValueError("too long")
    return typed


def _day(typed: str) -> str:
    day = french.read_day(typed)
    return day.isoformat() if day else ""


def _decimal(typed: str) -> str:
    return str(french.read_decimal(typed) or Decimal(0))


READ: Mapping[DetailType, tuple[Callable[[str], str], str]] = {
    "date": (_day, "bad_date"),
    "amount": (_decimal, "bad_number"),
    "number": (_decimal, "bad_number"),
}


def shown(detail: Detail) -> str:
    """Its value as a page shows it."""
    if detail.type == "date":
        return french.full_day(date.fromisoformat(detail.value))
    if detail.type == "amount":
        return french.money(Decimal(detail.value))
    return french.decimal(Decimal(detail.value)) if detail.type == "number" else detail.value


def typed_again(detail: Detail) -> str:
    """Its value as one would type it."""
    return shown(detail).removesuffix(f"{french.NBSP}€")
