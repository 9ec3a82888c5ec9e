"""What may stand in a category's own fields (S39): read, checked and written in one form. Pure."""

import re
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from espace_contracts.documents import Category, FreeField
from espace_contracts.errors import InvalidRequest

DECIMAL = re.compile(r"-?\d{1,10}(\.\d{1,2})?", re.ASCII)


def read_details(category: Category, given: Mapping[str, str]) -> list[dict[str, Any]]:
    """What was *given* for the free fields of *category*, as `Detail`s in the order of the form.

    Raises InvalidRequest that names each faulty member as `details.<key>`: missing, unknown, or not of its type.
    """
    known = {field.key for field in category.free_fields}
    faulty = [key for key in given if key not in known]
    details = []
    for field in category.free_fields:
        value = given.get(field.key)
        written = None if value is None else _written(field, value)
        if (value is not None and written is None) or (value is None and field.required):
            faulty.append(field.key)
        elif written is not None:
            details.append({"key": field.key, "label": field.label, "type": field.type, "value": written})
    if faulty:
        members = ",".join(f"details.{key}" for key in faulty)
        raise InvalidRequest("the category asks for these, or does not know them", members)
    return details


def _written(field: FreeField, value: str) -> str | None:
    """*value* in the one form that is kept; None when it is not of the field's type."""
    if field.type == "choice":
        return value if value in field.choices else None
    return _READ[field.type](value)


def _text(value: str) -> str:
    return " ".join(value.split())


def _number(value: str) -> str | None:
    return str(Decimal(value)) if DECIMAL.fullmatch(value) else None


def _amount(value: str) -> str | None:
    return f"{Decimal(value):.2f}" if DECIMAL.fullmatch(value) else None


def _date(value: str) -> str | None:
    try:
        return date.fromisoformat(value).isoformat()
    except ValueError:
        return None


_READ: Mapping[str, Callable[[str], str | None]] = {"text": _text, "number": _number, "amount": _amount, "date": _date}
