"""The search of the tab Règlements as an address: what was typed, what it means, and links that change it (S30)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from urllib.parse import urlencode

from espace_contracts.payments import PaymentSearch
from pydantic import ValidationError

from gateway import french
from gateway.language import gettext as _

ROOT = "/reglements"
DATES = {"du": "paid_from", "au": "paid_to", "travaille_du": "worked_from", "travaille_au": "worked_to"}
PAIRS = (("du", "au"), ("travaille_du", "travaille_au"))
TICKED = {"non": False, "oui": True}
FIELDS = (*DATES, "q", "pointe")


@dataclass(frozen=True)
class Search:
    """*typed* is what the fields show again; *errors* are sentences by field; *criteria* is what the service gets."""

    typed: Mapping[str, str]
    criteria: PaymentSearch = field(default_factory=PaymentSearch)
    errors: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_filtered(self) -> bool:
        """Whether anything but the tick state narrows the list."""
        return any(self.typed[name] for name in FIELDS if name != "pointe")

    def query(self, **changes: str) -> str:
        """The address' query with *changes*; empty fields are left out."""
        values = {**self.typed, **changes}
        return urlencode({name: value for name, value in values.items() if value})

    def link(self, **changes: str) -> str:
        """The address of the list with *changes*."""
        query = self.query(**changes)
        return f"{ROOT}?{query}" if query else ROOT


def read_search(query: Mapping[str, str]) -> Search:
    """The search in an address; faults become sentences beside their field."""
    typed = {name: query.get(name, "").strip()[:200] for name in FIELDS}
    criteria: dict[str, Any] = {"text": typed["q"] or None, "ticked": TICKED.get(typed["pointe"])}
    errors: dict[str, str] = {}
    for name, member in DATES.items():
        try:
            criteria[member] = french.read_day(typed[name])
        except ValueError:
            errors[name] = _("Saisissez une date comme 11/12/2019.")
    for first, last in PAIRS:
        start, end = criteria.get(DATES[first]), criteria.get(DATES[last])
        if start and end and end < start:
            errors[last] = _("Cette date précède celle du début.")
    if errors:
        return Search(typed, errors=errors)
    try:
        return Search(typed, PaymentSearch(**criteria))
    except ValidationError as exc:
        members = {detail["loc"][0] for detail in exc.errors()}
        faulty = {name: _("Cette date est hors des années connues.") for name in DATES if DATES[name] in members}
        return Search(typed, errors=faulty or {"q": _("Ce texte ne peut pas être cherché.")})


def within_month(search: Search, month: str) -> PaymentSearch | None:
    """The search without its tick state, narrowed to *month* (`2019-12`); None when that is no month of it."""
    try:
        first = date.fromisoformat(f"{month}-01")
    except ValueError:
        return None
    last = french.last_of_month(first)
    start = max(first, search.criteria.paid_from or first)
    end = min(last, search.criteria.paid_to or last)
    if end < start:
        return None
    return search.criteria.model_copy(update={"paid_from": start, "paid_to": end, "ticked": None})


@dataclass(frozen=True)
class Preset:
    """A usual period, one click away."""

    label: str
    link: str
    current: bool


def presets(search: Search, today: date) -> list[Preset]:
    """All dates, this month, last month, this quarter, this year; the one that is searched is marked."""
    month = french.months_before(today, 0)
    last = french.months_before(today, 1)
    quarter = today.replace(month=(today.month - 1) // 3 * 3 + 1, day=1)
    spans = [
        (_("Toutes les dates"), None),
        (_("Ce mois-ci"), (month, french.last_of_month(today))),
        (_("Mois dernier"), (last, french.last_of_month(last))),
        (_("Ce trimestre"), (quarter, french.last_of_month(french.months_before(quarter, -2)))),
        (_("Cette année"), (today.replace(month=1, day=1), today.replace(month=12, day=31))),
    ]
    searched = (search.criteria.paid_from, search.criteria.paid_to)
    found = []
    for label, days in spans:
        start, end = (french.full_day(days[0]), french.full_day(days[1])) if days else ("", "")
        current = searched == (days or (None, None)) and not search.errors
        found.append(Preset(label, search.link(du=start, au=end), current))
    return found


@dataclass(frozen=True)
class ActiveFilter:
    """A criterion that can be taken away."""

    label: str
    link: str


def active_filters(search: Search) -> list[ActiveFilter]:
    """The criteria of the search in words."""
    found = []
    for (first, last), words in zip(PAIRS, (_("Payé"), _("Travaillé")), strict=True):
        start, end = (getattr(search.criteria, DATES[name]) for name in (first, last))
        if start or end:
            text = " ".join(
                part
                for part in (
                    words,
                    start and _("du %(day)s") % {"day": french.full_day(start)},
                    end and _("au %(day)s") % {"day": french.full_day(end)},
                )
                if part
            )
            found.append(ActiveFilter(text.replace(" ", french.NBSP), search.link(**{first: "", last: ""})))
    if search.criteria.text:
        found.append(ActiveFilter(_("N° %(text)s") % {"text": search.criteria.text}, search.link(q="")))
    return found
