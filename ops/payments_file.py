"""A file of payments as spreadsheets write it: semicolons, decimal comma, UTF-8 or Windows-1252, one payment a line.

Reading never stops at a fault: all faulty lines are told of together, each with its number and reasons.
"""

import csv
import io
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from espace_contracts.funder import PaymentFacts
from pydantic import ValidationError

COLUMNS = {  # title, without case, accents and signs: member of the payment
    "n reglement": "payment_number",
    "version": "version",
    "siret": "siret",
    "n dossier": "dossier_number",
    "nom": "last_name",
    "prenom": "first_name",
    "formation": "training_title",
    "montant": "amount",
    "heures payees": "paid_hours",
    "periodes": "periods",
    "date de paiement": "paid_on",
    "reference du virement": "transfer_reference",
    "corrige le reglement": "corrects",
}
OPTIONAL = {"version", "corrects"}
TITLES = {member: title for title, member in COLUMNS.items()}
SPACES = re.compile(r"[\s\u00a0\u202f']")
DECIMAL = re.compile(r"([+-]?\d+)(?:[,.](\d{1,2}))?")
PERIOD = re.compile(r"(\S+) (?:au|-|à) (\S+)")
BETWEEN_PERIODS = re.compile(r"[;,+|/] (?=\d)|[;+|]")
MOST_TOLD = 200  # faults printed; beyond, their number


class NotAPaymentsFile(Exception):
    """The file as a whole cannot be read: its header, its bytes."""


@dataclass(frozen=True)
class Fault:
    """What is wrong with one line; *line* counts from 1, the header's."""

    line: int
    reason: str


@dataclass
class Checked:
    """The payments of a file, as on the bus, each with its line; they are to be used only without faults."""

    payments: list[dict[str, Any]] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)


def decoded(content: bytes) -> str:
    """The text of *content*: UTF-8 with or without mark, else Windows-1252. Raises NotAPaymentsFile."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        try:
            return content.decode("cp1252")
        except UnicodeDecodeError as exc:
            raise NotAPaymentsFile("is neither UTF-8 nor Windows-1252") from exc


def check(content: bytes) -> Checked:
    """Every line of the file, checked like a message of the bus. Raises NotAPaymentsFile."""
    rows = csv.reader(io.StringIO(decoded(content), newline=""), delimiter=";", strict=True)
    try:
        members = _members(next(rows, []))
        return _checked(rows, members)
    except csv.Error as exc:
        raise NotAPaymentsFile(f"line {rows.line_num}: {exc}") from exc


def _members(header: list[str]) -> list[str]:
    titles = [_plain(title) for title in header]
    unknown = [title for title, plain in zip(header, titles, strict=True) if plain not in COLUMNS]
    members = [COLUMNS.get(title, "") for title in titles]
    missing = [TITLES[member] for member in COLUMNS.values() if member not in (*members, *OPTIONAL)]
    if unknown or missing or len(set(members)) != len(members):
        wrong = [f"unknown: {', '.join(unknown)}"] if unknown else []
        wrong += [f"missing: {', '.join(missing)}"] if missing else []
        raise NotAPaymentsFile(f"the header has not the expected columns ({'; '.join(wrong) or 'one comes twice'})")
    return members


def _plain(title: str) -> str:
    bare = "".join(c for c in unicodedata.normalize("NFKD", title.casefold()) if not unicodedata.combining(c))
    return " ".join(re.findall(r"[a-z]+", bare.replace("°", " ").replace("no ", "n ")))


def _checked(rows: Any, members: list[str]) -> Checked:
    found = Checked()
    first_lines: dict[tuple[str, int], int] = {}
    start = rows.line_num + 1
    for cells in rows:
        line, start = start, rows.line_num + 1
        if not any(cell.strip() for cell in cells):
            continue
        payment, reasons = _payment(cells, members)
        if not reasons:
            key = (payment["payment_number"], payment["version"])
            before = first_lines.setdefault(key, line)
            reasons = [f"the same payment and version as line {before}"] if before != line else []
        found.faults += [Fault(line, reason) for reason in reasons]
        found.payments.append(payment)
        found.lines.append(line)
    return found


def _payment(cells: list[str], members: list[str]) -> tuple[dict[str, Any], list[str]]:
    """A line as on the bus, and what is wrong with it."""
    if len(cells) != len(members):
        return {}, [f"{len(cells)} cells instead of {len(members)}"]
    values = {member: cell.strip() for member, cell in zip(members, cells, strict=True)}
    stated: dict[str, Any] = {"currency": "EUR", "version": 1}
    reasons = []
    for member, text in values.items():
        if not text and member in OPTIONAL:
            continue
        try:
            stated[member] = READERS.get(member, str)(text)
        except ValueError as exc:
            reasons.append(f"{TITLES[member]}: {exc}")
    names = {name: stated.pop(name, "") for name in ("last_name", "first_name")}
    stated["beneficiary"] = names
    return (stated, reasons) if reasons else _valid(stated)


def _valid(stated: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    try:
        return PaymentFacts.model_validate(stated).model_dump(mode="json", exclude_none=True), []
    except ValidationError as exc:
        return {}, list(_reasons(exc))


def _reasons(error: ValidationError) -> Iterator[str]:
    """The first fault of each cell: what follows from it says nothing new."""
    reasons: dict[str, str] = {}
    for detail in error.errors(include_input=False, include_url=False):
        names = [str(part) for part in detail["loc"] if not isinstance(part, int)]
        place = next((TITLES[name] for name in reversed(names) if name in TITLES), "line")
        reasons.setdefault(place, f"{place}: {detail['msg'].removeprefix('Value error, ')}")
    yield from reasons.values()


def _decimal(text: str) -> str:
    match = DECIMAL.fullmatch(SPACES.sub("", text).removesuffix("€").replace("−", "-"))
    if match is None:
        raise ValueError("is not a number with at most two decimals, such as 2764,94")
    return f"{match[1].removeprefix('+')}.{(match[2] or '0').ljust(2, '0')}"


def _day(text: str) -> str:
    form = "%d/%m/%Y" if "/" in text else "%Y-%m-%d"
    try:
        return datetime.strptime(text, form).date().isoformat()  # noqa: DTZ007 - a day has no zone
    except ValueError as exc:
        raise ValueError("is not a date such as 11/12/2019") from exc


def _periods(text: str) -> list[dict[str, str]]:
    periods = []
    for part in BETWEEN_PERIODS.split(text):
        match = PERIOD.fullmatch(part.strip())
        if match is None:
            raise ValueError("is not a period such as 01/09/2019 au 30/09/2019; several are parted by +")
        periods.append({"start": _day(match[1]), "end": _day(match[2])})
    return periods


def _version(text: str) -> int:
    if not text.isdecimal():
        raise ValueError("is not a whole number")
    return int(text)


READERS: Mapping[str, Callable[[str], Any]] = {
    "amount": _decimal,
    "paid_hours": _decimal,
    "paid_on": _day,
    "periods": _periods,
    "version": _version,
    "siret": lambda text: SPACES.sub("", text),
}
