"""How a French page writes amounts, dates, sizes and numbers, and how it reads the dates that people type.

What a list writes hundreds of times is put together here, ten times as fast as by Babel, which names the months and which
the tests compare with.
"""

import re
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from babel.dates import format_date, get_month_names
from babel.numbers import format_decimal
from espace_contracts.types import Period

LOCALE = "fr_FR"
PARIS = ZoneInfo("Europe/Paris")
NBSP = "\u00a0"
UNITS = (("Go", 1024**3), ("Mo", 1024**2), ("Ko", 1024))
FRENCH_SIGNS = str.maketrans({",": "\u202f", ".": ",", "-": "\u2212"})
SHORT_MONTHS = get_month_names("abbreviated", "format", LOCALE)
TYPED_DATE = re.compile(r"^(\d{1,2})[/.\- ](\d{1,2})[/.\- ](\d{4}|\d{2})$")

TYPED_NUMBER = re.compile(r"-?\d{1,10}([.,]\d{1,2})?", re.ASCII)


def money(amount: Decimal) -> str:
    """`5 529,88 €` with U+202F between thousands and U+00A0 before the sign (S25)."""
    return f"{hours(amount)}{NBSP}€"


def hours(value: Decimal) -> str:
    """Two decimals, never hh:mm (S29)."""
    return f"{value:,.2f}".translate(FRENCH_SIGNS)


def whole(number: int) -> str:
    """A count, its thousands set apart."""
    return f"{number:,}".translate(FRENCH_SIGNS)


def short_day(day: date) -> str:
    """`11 déc.` (S26)."""
    return f"{day.day}{NBSP}{SHORT_MONTHS[day.month]}"


def long_day(day: date) -> str:
    """`11 décembre 2019`, the first of a month as `1er`."""
    text = format_date(day, "d MMMM y", locale=LOCALE)
    return re.sub(r"^1 ", "1er ", text).replace(" ", NBSP)


def full_day(day: date) -> str:
    """`11/12/2019`."""
    return f"{day.day:02}/{day.month:02}/{day.year}"


def month_name(month: str) -> str:
    """`décembre 2019` out of `2019-12` (S25)."""
    return format_date(date.fromisoformat(f"{month}-01"), "LLLL y", locale=LOCALE)


def local(instant: datetime) -> datetime:
    """The instant as a clock on a wall in France shows it."""
    return instant.astimezone(PARIS)


def moment(instant: datetime) -> str:
    """`02/12/2019 à 09:21`."""
    return f"{local(instant):%d/%m/%Y à %H:%M}".replace(" ", NBSP)


def span(period: Period) -> str:
    """`01/09/2019 au 30/09/2019`, never broken over two lines."""
    return f"{full_day(period.start)}{NBSP}au{NBSP}{full_day(period.end)}"


def siret(number: str) -> str:
    """`732 829 320 00074`."""
    return NBSP.join((number[:3], number[3:6], number[6:9], number[9:]))


def phone(number: str) -> str:
    """`03 00 00 00 00`: the French way of a French number, others as they come."""
    digits = re.sub(r"\D", "", number)
    if number.strip().startswith("+33") and len(digits) == 11:
        national = "0" + digits[2:]
        return NBSP.join(national[place : place + 2] for place in range(0, 10, 2))
    return number.strip().replace(" ", NBSP)


def dialled(number: str) -> str:
    """The same number for a `tel:` link."""
    return re.sub(r"[^\d+]", "", number)


def endings(accepted: Iterable[str]) -> str:
    """`PDF, JPG, PNG`."""
    return ", ".join(ending.lstrip(".").upper() for ending in accepted)


def size(count: int) -> str:
    """`84 Ko`, `1,2 Mo`, by 1,024 as file managers count."""
    if count < 1024:
        return f"{count}{NBSP}octet{'s' if count > 1 else ''}"
    unit, factor = next(((name, size) for name, size in UNITS if count >= size * 0.9995), UNITS[-1])
    digits = "#,##0.#" if count < factor * 10 else "#,##0"
    return f"{format_decimal(count / factor, digits, locale=LOCALE)}{NBSP}{unit}"


def read_day(text: str) -> date | None:
    """The day that somebody typed: `11/12/2019`, `11-12-19`, `2019-12-11`; None for an empty field.

    Raises ValueError when it is no date. Two-digit years are those of 1970 to 2069.
    """
    text = text.strip().replace(NBSP, " ").replace("\u202f", " ")
    if not text:
        return None
    if match := TYPED_DATE.match(text):
        day, month, year = (int(part) for part in match.groups())
        if len(match.group(3)) == 2:
            year += 2000 if year < 70 else 1900
        return date(year, month, day)
    return date.fromisoformat(text)


def read_decimal(text: str) -> Decimal | None:
    """The number that somebody typed: `2 764,94`, `2764.94 €`, with any spaces; None for an empty field.

    Raises ValueError when it is none, or has more than two decimals.
    """
    bare = "".join(text.replace("\u2212", "-").removesuffix("€").split())
    if not bare:
        return None
    if not TYPED_NUMBER.fullmatch(bare):
        raise ValueError("not a number")
    return Decimal(bare.replace(",", "."))


def decimal(value: Decimal) -> str:
    """`3,5`: a number with the decimals that it has."""
    return format_decimal(value, "#,##0.##", locale=LOCALE).replace("-", "\u2212")


def today() -> date:
    """The day in France."""
    return datetime.now(PARIS).date()


def months_before(day: date, count: int) -> date:
    """The first of the month that lies *count* months before *day*'s."""
    month = day.year * 12 + day.month - 1 - count
    return date(month // 12, month % 12 + 1, 1)


def last_of_month(day: date) -> date:
    """The last day of *day*'s month."""
    return months_before(day, -1) - timedelta(days=1)
