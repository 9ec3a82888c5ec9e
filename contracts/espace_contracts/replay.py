"""Reading a service's events again: `<service>.events_since(cursor)`, kept for 30 days."""

from typing import Any

from pydantic import Field

from espace_contracts import errors
from espace_contracts.rpc import FUNDER, Answer, Method, Request
from espace_contracts.types import Cursor


class EventsSince(Request):
    """The events after *cursor*, or from the oldest kept one on.

    A cursor behind which events were dropped meanwhile is refused by `cursor_too_old`: nothing is skipped in silence.
    """

    cursor: Cursor | None = None
    limit: int = Field(default=500, ge=1, le=1000)


class EventsPage(Answer):
    """Whole CloudEvents in the order of their commits; *next_cursor* goes on after the last one.

    An empty page means: nothing more for now.
    """

    events: tuple[dict[str, Any], ...]
    next_cursor: Cursor | None = None


def events_since(service: str) -> Method[EventsSince, EventsPage]:
    """The method of *service*."""
    refusals = (errors.InvalidRequest, errors.CursorTooOld)
    return Method(service, "events_since", EventsSince, EventsPage, frozenset({FUNDER}), refusals, seconds=10)
