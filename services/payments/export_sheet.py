"""What the exported file shows (S33): one line a payment, and a second sheet that states the search."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from espace_contracts import payments as api

from services.payments.spreadsheet import DAY, EUROS, HUNDREDTHS, MOMENT, TEXT, Column, Spreadsheet

PARIS = ZoneInfo("Europe/Paris")
WHOLE = "0"
COLUMNS = (
    Column("Date de paiement", DAY, 17),
    Column("N° dossier", TEXT, 15),
    Column("Nom", TEXT, 22),
    Column("Prénom", TEXT, 18),
    Column("Formation", TEXT, 36),
    Column("N° règlement", TEXT, 15),
    Column("Heures payées", HUNDREDTHS, 15),
    Column("Périodes", TEXT, 52),
    Column("Premier jour", DAY, 14),
    Column("Dernier jour", DAY, 14),
    Column("Montant", EUROS, 15),
    Column("Référence du virement", TEXT, 26),
    Column("Pointé", TEXT, 9),
    Column("Pointé le", MOMENT, 18),
    Column("Pointé par", TEXT, 24),
    Column("Corrige le règlement", TEXT, 20),
    Column("Annulé le", DAY, 13),
    Column("Motif d'annulation", TEXT, 36),
    Column("Montant annulé", EUROS, 16),
)
TICKED = {None: "Tous", True: "Pointés", False: "À pointer"}


def line(payment: Any) -> tuple[Any, ...]:
    """The cells of *payment*. The amount of a cancelled one stands apart, so that the column sums to the screen."""
    cancelled = payment.state == "cancelled"
    ticked = payment.ticked_at is not None
    return (
        payment.paid_on,
        payment.dossier_number,
        payment.beneficiary_last_name,
        payment.beneficiary_first_name,
        payment.training_title,
        payment.payment_number,
        payment.paid_hours,
        " ; ".join(f"{_french(period['start'])} au {_french(period['end'])}" for period in payment.periods),
        payment.worked_from,
        payment.worked_to,
        None if cancelled else payment.amount,
        payment.transfer_reference,
        "oui" if ticked else "non",
        paris_clock(payment.ticked_at) if ticked else None,
        payment.ticked_by_name,
        payment.corrects,
        payment.cancelled_on if cancelled else None,
        payment.cancellation_reason if cancelled else None,
        payment.amount if cancelled else None,
    )


def _french(day: str) -> str:
    """`2019-09-01` as `01/09/2019`."""
    return f"{day[8:]}/{day[5:7]}/{day[:4]}"


def paris_clock(instant: datetime) -> datetime:
    """What a clock in Paris showed at *instant*, without zone, as Excel wants it; seconds are dropped."""
    return instant.astimezone(PARIS).replace(tzinfo=None, second=0, microsecond=0)


def _span(start: Any, end: Any) -> str:
    if start is None and end is None:
        return "Toutes les dates"
    parts = [f"du {start:%d/%m/%Y}"] if start else []
    parts += [f"au {end:%d/%m/%Y}"] if end else []
    return " ".join(parts)


class Totals:
    """Sums of the lines that were written: the second sheet cannot differ from the first."""

    def __init__(self) -> None:
        self.amount = self.ticked_amount = Decimal("0.00")
        self.count = self.ticked_count = self.cancelled_count = 0

    def add(self, payment: Any) -> None:
        """Count one payment."""
        if payment.state == "cancelled":
            self.cancelled_count += 1
            return
        self.amount += payment.amount
        self.count += 1
        if payment.ticked_at is not None:
            self.ticked_amount += payment.amount
            self.ticked_count += 1


class PaymentsSheet:
    """The file of one export."""

    def __init__(self, path: Path) -> None:
        self._file = Spreadsheet(path, COLUMNS, title="Règlements")
        self._totals = Totals()

    def add(self, payments: Sequence[Any]) -> None:
        """Write one line for each of *payments*."""
        for payment in payments:
            self._totals.add(payment)
        self._file.add(line(payment) for payment in payments)

    def finish(self, request: api.ExportPayments, *, now: datetime) -> int:
        """State the search and its totals, and close the file; the number of payments."""
        self._file.close(title="Recherche", facts=[*self._search(request, now), *self._sums()])
        return self._file.rows

    def abandon(self) -> None:
        """Let go of an unfinished file."""
        self._file.abandon()

    @staticmethod
    def _search(request: api.ExportPayments, now: datetime) -> list[tuple[str, Any, str]]:
        search = request.search
        return [
            ("Employeur", request.legal_name, TEXT),
            ("SIRET", request.siret, TEXT),
            ("Exporté le", paris_clock(now), MOMENT),
            ("Exporté par", request.actor.name, TEXT),
            ("Date de paiement", _span(search.paid_from, search.paid_to), TEXT),
            ("Période travaillée", _span(search.worked_from, search.worked_to), TEXT),
            ("Recherche", (search.text or "").strip() or "Aucune", TEXT),
            ("Pointage", TICKED[search.ticked], TEXT),
        ]

    def _sums(self) -> list[tuple[str, Any, str]]:
        sums = self._totals
        return [
            ("Nombre de règlements", sums.count, WHOLE),
            ("Total", sums.amount, EUROS),
            ("Règlements pointés", sums.ticked_count, WHOLE),
            ("Total pointé", sums.ticked_amount, EUROS),
            ("Règlements à pointer", sums.count - sums.ticked_count, WHOLE),
            ("Reste à pointer", sums.amount - sums.ticked_amount, EUROS),
            ("Règlements annulés (hors total)", sums.cancelled_count, WHOLE),
        ]
