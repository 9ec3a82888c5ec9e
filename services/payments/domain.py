"""The rules of payments: which version counts, when a tick falls, where a page goes on."""

import base64
import binascii
import json
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from espace_contracts.errors import InvalidRequest
from espace_contracts.funder import PaymentCancelled, PaymentFacts
from espace_contracts.types import CONTROL_CHARACTERS

Statement = PaymentFacts | PaymentCancelled
Outcome = Literal["recorded", "unchanged", "conflict"]
State = Literal["current", "cancelled", "awaited"]

PARIS = ZoneInfo("Europe/Paris")
CURSOR_FORM = 1
LONGEST_DOSSIER_NUMBER = 40


@dataclass(frozen=True)
class TickMark:
    """Who marked the payment as checked, and when; *batch* is shared by those that were marked together."""

    at: datetime
    account_id: UUID
    name: str
    batch: UUID | None = None


@dataclass(frozen=True)
class Known:
    """All that is known of one payment number.

    Facts and cancellation are kept apart, each in its highest version, so that the outcome does not depend on
    the order in which the funder's messages arrive.
    """

    facts: PaymentFacts | None = None
    cancellation: PaymentCancelled | None = None
    tick: TickMark | None = None
    untick_reason: str | None = None
    revision: int = 0

    @property
    def state(self) -> State:
        """`awaited`: it was cancelled before we have heard what it is."""
        if self.facts is None:
            return "awaited"
        if self.cancellation is None or self.cancellation.version < self.facts.version:
            return "current"
        return "cancelled"

    @property
    def version(self) -> int:
        """The highest version that was heard."""
        return max(part.version for part in (self.facts, self.cancellation) if part is not None)

    @property
    def shown(self) -> Any:
        """What the employer sees of it: a message that leaves this alone is no news."""
        return self.facts, self.state, self.cancellation if self.state == "cancelled" else None


NOTHING = Known()


def same_statement(one: Statement, other: Statement) -> bool:
    """Whether both say the same, whatever message they came in."""
    return _content(one) == _content(other)


def _content(statement: Statement) -> Any:
    if isinstance(statement, PaymentCancelled):
        return statement.siret, statement.cancelled_on, statement.reason
    values = {name: getattr(statement, name) for name in PaymentFacts.model_fields}
    return values | {"periods": sorted((period.start, period.end) for period in statement.periods)}


def hear(known: Known, statement: Statement) -> tuple[Known, Outcome]:
    """What is known after *statement*; the highest version of facts and of cancellations wins.

    `conflict`: the same version was heard with another content; the first one stays.
    """
    heard = {part.version: part for part in (known.facts, known.cancellation) if part is not None}
    same_version = heard.get(statement.version)
    if same_version is not None:
        return known, "unchanged" if same_statement(same_version, statement) else "conflict"
    if isinstance(statement, PaymentCancelled):
        rival: Statement | None = known.cancellation
        after = replace(known, cancellation=statement)
    else:
        rival = known.facts
        after = replace(known, facts=statement)
    if rival is not None and rival.version > statement.version:
        return known, "unchanged"
    return after, "recorded" if after.shown != known.shown else "unchanged"


def let_tick_fall(before: Known, after: Known) -> Known:
    """*after* without its tick if amount, date or employer are no longer those that were checked (S32).

    `untick_reason` names what has changed: `amount`, `paid_on`, or both joined by a comma. A new employer is told
    nothing of another's tick.
    """
    if before.tick is None or before.facts is None or after.facts is None:
        return after
    if before.facts.siret != after.facts.siret:
        return replace(after, tick=None, untick_reason=None)
    changed = [name for name in ("amount", "paid_on") if getattr(before.facts, name) != getattr(after.facts, name)]
    return replace(after, tick=None, untick_reason=",".join(changed)) if changed else after


def kept_from(now: datetime, *, years: int) -> date:
    """The oldest day whose payments are still kept: *years* full years, by the calendar of Paris, after that of the day.

    Accounts are kept for ten years after the end of theirs (Code de commerce, L. 123-22).
    """
    return date(now.astimezone(PARIS).year - years, 1, 1)


def write_cursor(paid_on: date, dossier_number: str) -> str:
    """Opaque text that says: the page ended after this row (date and dossier)."""
    parts = json.dumps([CURSOR_FORM, paid_on.isoformat(), dossier_number], ensure_ascii=False, separators=(",", ":"))
    return base64.urlsafe_b64encode(parts.encode()).decode().rstrip("=")


def read_cursor(cursor: str) -> tuple[date, str]:
    """Date and dossier number of *cursor*. Raises InvalidRequest naming `cursor`.

    It only says where to go on in the reader's own list, so it is checked, not signed.
    """
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        form, day, dossier_number = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        ours = form == CURSOR_FORM and _may_be_dossier_number(dossier_number)
        paid_on = date.fromisoformat(day)
    except (binascii.Error, ValueError, TypeError, RecursionError) as exc:
        raise InvalidRequest("this cursor was not given out by list_payments", "cursor") from exc
    if not ours:
        raise InvalidRequest("this cursor was not given out by list_payments", "cursor")
    return paid_on, dossier_number


def _may_be_dossier_number(text: Any) -> bool:
    """Whether the database can compare *text*: half a surrogate pair is JSON, but no text."""
    if not isinstance(text, str) or not 0 < len(text) <= LONGEST_DOSSIER_NUMBER:
        return False
    return not CONTROL_CHARACTERS.search(text) and text == text.encode(errors="ignore").decode()


def end_of_page(keys: Sequence[tuple[date, str]], limit: int) -> int:
    """How many of the fetched payments make the page, so that it ends between two rows (date and dossier).

    *keys* are those of the first `limit + 1` payments and of all others in the last one's row. The page holds
    *limit* payments at most, unless its only row holds more.
    """
    if len(keys) <= limit:
        return len(keys)
    end = limit
    while end > 0 and keys[end - 1] == keys[end]:
        end -= 1
    return end or len(keys)


def export_name(legal_name: str, on: date, file_format: str = "xlsx") -> str:
    """`reglements-clinique-des-tilleuls-2019-12-31.xlsx`."""
    plain = unicodedata.normalize("NFKD", legal_name.casefold().replace("œ", "oe")).encode("ascii", "ignore").decode()
    words = "".join(c if c.isalnum() else " " for c in plain).split()
    slug = "-".join(words)[:60].strip("-")
    return "-".join(part for part in ("reglements", slug, on.isoformat()) if part) + f".{file_format}"
