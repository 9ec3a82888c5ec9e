"""The exported file as CSV, the way a French spreadsheet opens it: semicolons, decimal comma, UTF-8 with its mark.

A text that a spreadsheet would take for a formula is preceded by an apostrophe (OWASP, CSV injection); numbers and
dates are written by us and never are.
"""

import csv
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from espace_contracts import payments as api

from services.payments.export_sheet import COLUMNS, line
from services.payments.spreadsheet import DAY, MOMENT, TEXT

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def harmless(text: str) -> str:
    """*text*, in a form that no spreadsheet runs."""
    return f"'{text}" if text.startswith(FORMULA_STARTS) or text.lstrip().startswith(FORMULA_STARTS) else text


WRITTEN: dict[str, Callable[[Any], str]] = {
    TEXT: harmless,
    DAY: lambda day: f"{day:%d/%m/%Y}",
    MOMENT: lambda moment: f"{moment:%d/%m/%Y %H:%M}",
}


def _number(value: Any) -> str:
    return f"{value:.2f}".replace(".", ",")


class PaymentsCsv:
    """The file of one export."""

    def __init__(self, path: Path) -> None:
        self._stream = path.open("w", encoding="utf-8-sig", newline="")
        self._file = csv.writer(self._stream, delimiter=";", lineterminator="\r\n")
        self._file.writerow(column.title for column in COLUMNS)
        self._writers = [WRITTEN.get(column.number_format, _number) for column in COLUMNS]
        self._rows = 0

    def add(self, payments: Sequence[Any]) -> None:
        """Write one line for each of *payments*."""
        self._rows += len(payments)
        self._file.writerows(
            ["" if value is None else write(value) for write, value in zip(self._writers, line(payment), strict=True)]
            for payment in payments
        )

    def finish(self, request: api.ExportPayments, *, now: datetime) -> int:
        """Close the file; the number of payments. A CSV has no place to state its search."""
        self._stream.close()
        return self._rows

    def abandon(self) -> None:
        """Let go of an unfinished file."""
        self._stream.close()
