"""Excel files of any length, fast and in constant memory.

openpyxl makes the workbook around the rows (styles, theme, widths, frozen header, the second sheet); the rows
themselves are written as XML text straight into the sheet's member of the zip file, with the style numbers that
openpyxl gave (ECMA-376 part 1, 18.3.1.73 and 18.3.1.4). Text is always text: nothing in here writes a formula.
"""

import re
import zipfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from io import BytesIO
from itertools import chain, islice, repeat
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from openpyxl import Workbook
from openpyxl.cell import Cell
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.worksheet.worksheet import Worksheet

MOST_ROWS = 1_048_575  # a sheet's 2^20, without its header
LONGEST_TEXT = 32_767
EPOCH = date(1899, 12, 30).toordinal()  # day 0 of Excel's calendar, right for every day since 1 March 1900
TO_ESCAPE = re.compile(r"[&<>\r\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]|^\s|\s$")
ILLEGAL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
REMEMBERED = 4096  # different values of a column that are kept ready as XML
ROWS_A_WRITE = 500
SHEET_MEMBER = "xl/worksheets/sheet1.xml"
A4 = 9  # paper size, ECMA-376 part 1, 18.3.1.63
HEADER_FONT = Font(name="Calibri", size=11, bold=True)  # named: LibreOffice takes another for a font without name
HEADER_FILL = PatternFill("solid", fgColor="E8EEF4")

TEXT = "@"  # kept as text also when somebody edits the cell
DAY = "dd/mm/yyyy"
MOMENT = "dd/mm/yyyy hh:mm"
EUROS = '#,##0.00\\ "€"'  # shown by a French Excel as 2 764,94 €
HUNDREDTHS = "#,##0.00"


class SheetFull(Exception):
    """More rows than an Excel sheet can hold."""


@dataclass(frozen=True)
class Column:
    """A column: its title, its number format (one of those above) and its width in characters."""

    title: str
    number_format: str
    width: float


class _Ready(dict[Any, str]):
    """Values of a column as finished cells: the few hundred names and days of a file are made once each."""

    def __init__(self, make: Callable[[Any], str]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, value: Any) -> str:
        if len(self) >= REMEMBERED:
            self.clear()
        cell = self[value] = self._make(value)
        return cell


def legal_text(value: str) -> str:
    """*value* without the characters that XML cannot hold, and no longer than a cell may be."""
    return ILLEGAL.sub("", value)[:LONGEST_TEXT]


Maker = Callable[[Any], str]


def _text_cells(style: int) -> Maker:
    empty = f'<c s="{style}"/>'
    plain = f'<c s="{style}" t="inlineStr"><is><t>'
    kept = f'<c s="{style}" t="inlineStr"><is><t xml:space="preserve">'

    def make(value: str | None) -> str:
        if value is None:
            return empty
        if len(value) > LONGEST_TEXT or TO_ESCAPE.search(value):
            return f"{kept}{escape(legal_text(value), {chr(13): '&#13;'})}</t></is></c>"
        return f"{plain}{value}</t></is></c>"

    return _Ready(make).__getitem__


def _number_cells(style: int) -> Maker:
    empty = f'<c s="{style}"/>'
    start = f'<c s="{style}"><v>'

    def make(value: Any) -> str:
        return empty if value is None else f"{start}{value}</v></c>"

    return make


def _day_cells(style: int) -> Maker:
    def make(value: date | None) -> str:
        return f'<c s="{style}"/>' if value is None else f'<c s="{style}"><v>{value.toordinal() - EPOCH}</v></c>'

    return _Ready(make).__getitem__


def _moment_cells(style: int) -> Maker:
    def make(value: datetime | None) -> str:
        if value is None:
            return f'<c s="{style}"/>'
        seconds = value.hour * 3600 + value.minute * 60 + value.second
        return f'<c s="{style}"><v>{value.toordinal() - EPOCH + seconds / 86400!r}</v></c>'

    return make


MAKERS = {TEXT: _text_cells, DAY: _day_cells, MOMENT: _moment_cells, EUROS: _number_cells, HUNDREDTHS: _number_cells}


class Spreadsheet:
    """A workbook of two sheets: rows that stream in, then a few labelled facts about them.

    Values are str, date, datetime (naive: the wall clock to be shown), int, Decimal or None, as the column's
    format says. Use it in this order: `add` as often as wanted, `close` once.
    """

    def __init__(self, path: Path, columns: Sequence[Column], *, title: str) -> None:
        self.rows = 0
        self._columns = columns
        self._workbook = Workbook()
        self._sheet: Worksheet = self._workbook.active
        self._sheet.title = title
        styles = self._shape_sheet()
        self._makers = [MAKERS[column.number_format](style) for column, style in zip(columns, styles, strict=True)]
        self._zip = zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1)
        head, _ = self._around_rows()
        self._member = self._zip.open(SHEET_MEMBER, "w", force_zip64=True)
        self._member.write(head)

    def _shape_sheet(self) -> list[int]:
        """Header, widths and one empty row, whose cells carry the style of each column; their style numbers."""
        styles = []
        for place, column in enumerate(self._columns, start=1):
            header = self._sheet.cell(1, place, column.title)
            header.font, header.fill, header.alignment = HEADER_FONT, HEADER_FILL, Alignment(vertical="center")
            self._sheet.column_dimensions[get_column_letter(place)].width = column.width
            sample = self._sheet.cell(2, place)
            sample.number_format = column.number_format
            styles.append(sample.style_id)
        self._sheet.freeze_panes = "A2"
        _shape_print(self._sheet, pages=2)
        self._sheet.print_title_rows, self._sheet.print_title_cols = "1:1", "A:B"
        return styles

    def _around_rows(self) -> tuple[bytes, bytes]:
        """The sheet's XML before and after its second row, as openpyxl writes it now."""
        shell = BytesIO()
        self._workbook.save(shell)
        with zipfile.ZipFile(shell) as archive:
            xml = archive.read(SHEET_MEMBER)
        start = xml.index(b'<row r="2"')
        end = xml.index(b"</row>", start) + len(b"</row>")
        head = re.sub(rb"<dimension [^>]*/>", b"", xml[:start])  # the last row is not known yet; it is optional
        return head, xml[end:]

    def add(self, rows: Iterable[Sequence[Any]]) -> None:
        """Write *rows*. Raises SheetFull, and ValueError for a row that has not one value a column."""
        rest = iter(rows)
        while batch := list(islice(rest, ROWS_A_WRITE)):
            self._write(batch)

    def _write(self, batch: Sequence[Sequence[Any]]) -> None:
        """Column by column, so that the loops run inside the interpreter: a third faster than cell by cell."""
        self.rows += len(batch)
        if self.rows > MOST_ROWS:
            raise SheetFull(f"a sheet holds {MOST_ROWS} rows")
        columns = zip(*batch, strict=True)
        cells = [map(make, column) for make, column in zip(self._makers, columns, strict=True)]
        pieces = zip(repeat("<row>"), *cells, repeat("</row>"), strict=False)
        self._member.write("".join(chain.from_iterable(pieces)).encode())

    def close(self, *, title: str, facts: Sequence[tuple[str, Any, str]]) -> None:
        """Finish the file with a sheet *title* that states *facts*: label, value and its number format."""
        self._sheet.auto_filter.ref = f"A1:{get_column_letter(len(self._columns))}{self.rows + 1}"
        self._state(self._workbook.create_sheet(title), facts)
        _, tail = self._around_rows()
        self._member.write(tail)
        self._member.close()
        shell = BytesIO()
        self._workbook.save(shell)
        with zipfile.ZipFile(shell) as archive, self._zip as target:
            for name in archive.namelist():
                if name != SHEET_MEMBER:
                    target.writestr(name, archive.read(name))

    def abandon(self) -> None:
        """Let go of an unfinished file."""
        self._member.close()
        self._zip.close()

    @staticmethod
    def _state(sheet: Worksheet, facts: Sequence[tuple[str, Any, str]]) -> None:
        _shape_print(sheet, pages=1)
        sheet.column_dimensions["A"].width, sheet.column_dimensions["B"].width = 34, 60
        for place, (label, value, number_format) in enumerate(facts, start=1):
            sheet.cell(place, 1, label).font = HEADER_FONT
            cell: Cell = sheet.cell(place, 2)
            cell.value = legal_text(value) if isinstance(value, str) else value
            if isinstance(value, str):
                cell.data_type = "s"  # openpyxl takes any text that starts with = for a formula (trap 8)
            cell.number_format = number_format
            cell.alignment = Alignment(horizontal="left", wrap_text=True, vertical="top")


def _shape_print(sheet: Worksheet, *, pages: int) -> None:
    """On paper: A4, landscape, the columns on *pages* sheets beside each other."""
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    sheet.page_setup.orientation, sheet.page_setup.paperSize = "landscape", A4
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = pages, 0
