"""Positions in a list, as callers hand them back: opaque text of what is sorted by and what tells equals apart."""

import base64
import json
from datetime import date, datetime
from typing import TypeVar
from uuid import UUID

from espace_contracts.errors import InvalidRequest
from espace_contracts.types import DossierNumber
from pydantic import AwareDatetime, TypeAdapter

PositionT = TypeVar("PositionT")

_MOMENT: TypeAdapter[tuple[datetime, UUID]] = TypeAdapter(tuple[AwareDatetime, UUID])
_DAY: TypeAdapter[tuple[date, str]] = TypeAdapter(tuple[date, DossierNumber])


def write(first: date, second: object) -> str:
    """The position of a row, by its day or moment and a name of its own."""
    return base64.urlsafe_b64encode(json.dumps([first.isoformat(), str(second)]).encode()).decode()


def read_moment(cursor: str | None) -> tuple[datetime, UUID] | None:
    """The position of a document; None is the list's beginning. Raises InvalidRequest("cursor")."""
    return None if cursor is None else _read(_MOMENT, cursor)


def read_day(cursor: str | None) -> tuple[date, str] | None:
    """The position of a dossier; None is the list's beginning. Raises InvalidRequest("cursor")."""
    return None if cursor is None else _read(_DAY, cursor)


def _read(position: TypeAdapter[PositionT], cursor: str) -> PositionT:
    try:
        return position.validate_json(base64.urlsafe_b64decode(cursor))
    except ValueError as exc:
        raise InvalidRequest("not a cursor of this list", "cursor") from exc
