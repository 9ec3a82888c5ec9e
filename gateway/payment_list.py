"""The list of payments as its page shows it: months, then rows of one date and dossier (S24 to S28)."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import groupby
from zlib import crc32

from espace_contracts.payments import MonthTotal, Payment, PaymentsPage

from gateway import french
from gateway.language import gettext as _


def anchor(text: str) -> str:
    """An element id for an opaque number."""
    return f"{crc32(text.encode()):08x}"


@dataclass(frozen=True)
class Words:
    """What a row says of a payment, put together here: a page of a hundred would cost a template thousands of calls."""

    sentence: list[str]
    advice: str
    tick: str


@dataclass(frozen=True)
class Row:
    """All payments of one date and dossier; the closed row shows their sum (S26)."""

    day: date
    dossier_number: str
    payments: tuple[Payment, ...]

    @property
    def id(self) -> str:
        """The element id of the row."""
        return f"{self.day:%Y%m%d}-{anchor(self.dossier_number)}"

    @property
    def counted(self) -> tuple[Payment, ...]:
        """Its payments that count in sums: those that were not cancelled."""
        return tuple(payment for payment in self.payments if payment.state == "current")

    @property
    def is_void(self) -> bool:
        """Whether nothing of it counts."""
        return not self.counted

    @property
    def amount(self) -> Decimal:
        """What was paid; of a cancelled row what would have been."""
        return sum((payment.amount for payment in self.counted or self.payments), Decimal(0))

    @property
    def names(self) -> list[str]:
        """Its beneficiaries, each once."""
        return list(dict.fromkeys(full_name(payment) for payment in self.payments))

    @property
    def opener(self) -> str:
        """What a screen reader is told that the row opens."""
        names = {"dossier": self.dossier_number, "name": ", ".join(self.names), "day": french.short_day(self.day)}
        return _("%(dossier)s, %(name)s, %(day)s : détail") % names

    @property
    def dossier_link(self) -> str:
        """The words that lead to its dossier."""
        return _("Voir le dossier %(number)s") % {"number": self.dossier_number}

    @property
    def told(self) -> tuple[tuple[Payment, Words], ...]:
        """Its payments, each with its words."""
        return tuple((payment, words_of(payment)) for payment in self.payments)

    @property
    def ticked(self) -> int:
        """How many of its payments are marked as checked."""
        return sum(1 for payment in self.counted if payment.tick)

    @property
    def transfer_amount(self) -> Decimal | None:
        """The line on the bank statement, when it pays more than this row shows."""
        amounts = {payment.transfer_reference: payment.transfer_amount for payment in self.counted}
        amount = next(iter(amounts.values())) if len(amounts) == 1 else None
        return amount if amount != self.amount else None


@dataclass(frozen=True)
class Month:
    """A month of the search: its totals are the whole month's, not the page's (S25)."""

    totals: MonthTotal
    rows: tuple[Row, ...]

    @property
    def key(self) -> str:
        """`2019-12`."""
        return self.totals.month


def full_name(payment: Payment) -> str:
    """Last name, then first name (S27)."""
    return f"{payment.beneficiary.last_name} {payment.beneficiary.first_name}"


def sentence(payment: Payment) -> list[str]:
    """The guide's sentence in parts that are not to be broken (S27 to S29)."""
    word = _("Période du") if len(payment.periods) == 1 else _("Périodes du")
    spans = [french.span(period) for period in payment.periods]
    first, *others = (part.replace(" ", french.NBSP) for part in (f"{word} {spans[0]}", *spans[1:]))
    paid = _("%(hours)s heures payées") % {"hours": french.hours(payment.paid_hours)}
    return [
        _("Règlement n°%(number)s") % {"number": payment.payment_number},
        paid.replace(" ", french.NBSP),
        _(" et du ").join([first, *others]),
    ]


def words_of(payment: Payment) -> Words:
    """The words of a payment; plain text, which the template escapes."""
    names = {"number": payment.payment_number, "dossier": payment.dossier_number}
    return Words(
        sentence=sentence(payment),
        advice=_(" de virement du règlement n° %(number)s") % names,
        tick=_("Pointer le règlement n° %(number)s, dossier %(dossier)s") % names,
    )


def _order(payment: Payment) -> tuple[int, str, str]:
    return (-payment.paid_on.toordinal(), payment.dossier_number, payment.payment_number)


def rows_of(payments: tuple[Payment, ...]) -> tuple[Row, ...]:
    """Dates newest first, dossiers of a date ascending."""
    grouped = groupby(sorted(payments, key=_order), key=lambda payment: (payment.paid_on, payment.dossier_number))
    return tuple(Row(day, number, tuple(found)) for (day, number), found in grouped)


def months_of(page: PaymentsPage) -> list[Month]:
    """The months of a page, newest first, each with its rows."""
    totals = {month.month: month for month in page.months}
    grouped = groupby(rows_of(page.payments), key=lambda row: f"{row.day:%Y-%m}")
    return [Month(totals[key], tuple(rows)) for key, rows in grouped]
