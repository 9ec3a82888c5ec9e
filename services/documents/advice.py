"""Draws a remittance advice: one tagged page of PDF (PDF/UA-1), the same bytes for the same facts (S34).

The page is laid out by Typst from `advice.typ`, with the fonts that come with it; it refuses to write a file that does
not keep PDF/UA-1.
"""

import json
import unicodedata
from datetime import UTC, date, datetime, time
from decimal import Decimal
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from espace_contracts.payments import PaymentState
from espace_contracts.types import Funder, Hours, Message, Money, Period, Person, Siret

TEMPLATE = Path(__file__).parent / "advice.typ"
NO_BREAK, NARROW, MINUS = "\u00a0", "\u202f", "\u2212"
MONTHS = (
    *("janvier", "février", "mars", "avril", "mai", "juin"),
    *("juillet", "août", "septembre", "octobre", "novembre", "décembre"),
)
LAST_OF_LATIN, BOX = "\u024f", "□"
JOINING = {"Mn", "Mc", "Me", "Cf"}  # categories of Unicode
NOTHING_SAID = {"title": "-", "funder": ["-"], "email": "", "amount": "", "movement": "", "cancelled": "", "rows": []}
TYPICAL_SIZE = 28_000  # bytes; what a list says of a page that nobody has opened yet


class AdviceFacts(Message):
    """What stands on the page."""

    siret: Siret | None = None
    payment_number: str
    state: PaymentState
    dossier_number: str
    beneficiary: Person
    training_title: str
    amount: Money
    paid_hours: Hours
    periods: tuple[Period, ...]
    paid_on: date
    transfer_reference: str
    funder: Funder | None = None


def draw(facts: AdviceFacts) -> bytes:
    """The page as a PDF. About 5 ms of CPU: call it off the hub, one at a time."""
    noon = datetime.combine(facts.paid_on, time(12), UTC)
    words = json.dumps(_words(facts), ensure_ascii=False)
    try:
        return _page(words, noon)
    except RuntimeError:  # typst.TypstError, above all for a letter that no font has: PDF/UA lets nothing stand for it
        return _page(_boxed(words), noon)


def _boxed(words: str) -> str:
    """*words* with a box for each letter that no font has, an emoji say, and without the marks that join letters."""
    single = (letter for letter in words if letter <= LAST_OF_LATIN or unicodedata.category(letter) not in JOINING)
    return "".join(letter if letter <= LAST_OF_LATIN or _has_a_font(letter) else BOX for letter in single)


@lru_cache(maxsize=4096)
def _has_a_font(letter: str) -> bool:
    try:
        _page(json.dumps(NOTHING_SAID | {"origin": letter}), datetime(2020, 1, 1, tzinfo=UTC))
    except RuntimeError:
        return False
    return True


def _page(words: str, at: datetime) -> bytes:
    pdf = _compiler().compile(format="pdf", pdf_standards=["ua-1"], sys_inputs={"facts": words}, timestamp=at)
    return bytes(pdf)


@cache
def _compiler() -> Any:
    """Reads template and fonts once a process; the machine's own fonts would make pages differ.

    Imported here: a process that draws nothing does without the program's 80 MB.
    """
    import typst

    return typst.Compiler(input=str(TEMPLATE), ignore_system_fonts=True)


def _words(facts: AdviceFacts) -> dict[str, object]:
    return {
        "title": f"Avis de virement n°{NO_BREAK}{facts.payment_number}",
        "funder": _funder_lines(facts.funder),
        "email": facts.funder.email if facts.funder else "",
        "amount": french_amount(facts.amount),
        "movement": f"{'virés' if facts.amount > 0 else 'repris'} le {french_long_day(facts.paid_on)}",
        "cancelled": "RÈGLEMENT ANNULÉ" if facts.state == "cancelled" else "",
        "rows": _rows(facts),
        "origin": f"Établi par l’espace Employeur pour le règlement n°{NO_BREAK}{facts.payment_number}.",
    }


def _funder_lines(funder: Funder | None) -> list[str]:
    if funder is None:
        return ["Transitions Pro"]
    return [funder.name, *(line for line in (funder.address, funder.phone) if line)]


def _rows(facts: AdviceFacts) -> list[tuple[str, list[str]]]:
    periods = [f"du {french_day(period.start)} au {french_day(period.end)}" for period in facts.periods]
    employer = [("Employeur", [f"SIRET {french_siret(facts.siret)}"])] if facts.siret else []
    return [
        *employer,
        ("Dossier", [facts.dossier_number]),
        ("Bénéficiaire", [f"{facts.beneficiary.last_name} {facts.beneficiary.first_name}"]),
        ("Formation", [facts.training_title]),
        ("Période" if len(periods) == 1 else "Périodes", periods),
        ("Heures payées", [f"{facts.paid_hours:.2f}".replace(".", ",")]),
        ("Référence du virement", [facts.transfer_reference]),
    ]


def french_amount(amount: Decimal) -> str:
    """`2 764,94 €` with no-break spaces, a narrow one between thousands."""
    return f"{amount:,.2f}{NO_BREAK}€".replace(",", NARROW).replace(".", ",").replace("-", MINUS)


def french_day(day: date) -> str:
    """`11/12/2019`."""
    return f"{day:%d/%m/%Y}"


def french_long_day(day: date) -> str:
    """`11 décembre 2019`, the first of a month as `1er`."""
    return f"{'1er' if day.day == 1 else day.day} {MONTHS[day.month - 1]} {day.year}"


def french_siret(siret: str) -> str:
    """`732 829 320 00074`."""
    return NO_BREAK.join((siret[:3], siret[3:6], siret[6:9], siret[9:]))
