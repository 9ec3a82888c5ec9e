"""What a person typed into the box « N° dossier / N° règlement », read in every way that it can be meant."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from espace_contracts.errors import InvalidRequest
from espace_contracts.payments import PaymentSearch

SAID_BEFORE_A_NUMBER = re.compile(r"^(?:r[eéè]glements?|dossiers?)?(?:n[°.]|no\.?(?=\d))?:?")
AMOUNT = re.compile(r"([+-]?)(\d{1,9}|\d{1,3}(?:\.\d{3}){1,2})(?:([.,])(\d{1,2}))?")
DASHES = str.maketrans("‐‑‒–—−", "------")
LIGATURES = str.maketrans({"œ": "oe", "æ": "ae", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th"})
WORD = re.compile(r"[^\W_]+")
NOT_SEEN = {"Cc", "Cf", "Cs"}  # control, format (zero width, direction) and surrogate characters


def number_key(text: str) -> str:
    """*text* without case and without any kind of space or unseen character: how numbers are compared."""
    if text.isascii() and text.isprintable():
        return text.lower().replace(" ", "")
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(c for c in folded if not c.isspace() and unicodedata.category(c) not in NOT_SEEN)


def name_words(text: str) -> tuple[str, ...]:
    """The words of a name without case, accents and punctuation: « MARTIN-LÉVÊQUE » is martin, leveque."""
    decomposed = unicodedata.normalize("NFKD", text)
    bare = "".join(c for c in decomposed if unicodedata.category(c) not in ("Mn", "Cf"))
    return tuple(WORD.findall(bare.casefold().translate(LIGATURES)))


def beneficiary_key(last_name: str, first_name: str) -> str:
    """All words of the name, each after a space, so that a word's beginning is found by " " and itself."""
    return "".join(f" {word}" for word in (*name_words(last_name), *name_words(first_name)))


def amounts(key: str) -> tuple[Decimal, ...]:
    """The amounts that a box text may mean: `2764,94` finds also the repayment of that sum, `-2764,94` only it."""
    read = AMOUNT.fullmatch(key.translate(DASHES).removesuffix("€").removesuffix("eur"))
    if read is None:
        return ()
    sign, whole, _, cents = read.groups()
    value = Decimal(f"{whole.replace('.', '')}.{cents or '0'}")
    return {"": (value, -value), "+": (value,), "-": (-value,)}[sign]


@dataclass(frozen=True)
class BoxText:
    """One text of the box: a payment is found if any of the readings finds it."""

    numbers: tuple[str, ...]  # payment number exactly, dossier by its beginning
    transfer: str
    amounts: tuple[Decimal, ...]
    words: tuple[str, ...]  # each the beginning of a word of the beneficiary's name; empty: not a name


@dataclass(frozen=True)
class Criteria:
    """A search as the store wants it."""

    paid_from: date | None = None
    paid_to: date | None = None
    worked_from: date | None = None
    worked_to: date | None = None
    ticked: bool | None = None
    box: BoxText | None = None


def read_box(text: str) -> BoxText | None:
    """The readings of *text*; None when nothing was typed."""
    key = number_key(text)
    if not key:
        return None
    bare = SAID_BEFORE_A_NUMBER.sub("", key)
    has_digit = any(c.isdigit() for c in key)
    return BoxText(
        numbers=tuple(dict.fromkeys(number for number in (key, bare) if number)),
        transfer=key,
        amounts=amounts(key),
        words=() if has_digit else name_words(text),
    )


def read_search(search: PaymentSearch) -> Criteria:
    """The criteria of *search*. Raises InvalidRequest naming the end of a period that lies before its start."""
    for name in ("paid", "worked"):
        start, end = getattr(search, f"{name}_from"), getattr(search, f"{name}_to")
        if start and end and end < start:
            raise InvalidRequest("the period ends before it starts", f"search.{name}_to")
    return Criteria(
        paid_from=search.paid_from,
        paid_to=search.paid_to,
        worked_from=search.worked_from,
        worked_to=search.worked_to,
        ticked=search.ticked,
        box=read_box(search.text) if search.text else None,
    )
