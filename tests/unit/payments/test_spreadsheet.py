"""S33: the fast writer gives what plain openpyxl gives, read back by two independent readers."""

import random
import zipfile
from datetime import date, datetime, time, timedelta
from decimal import Decimal

import openpyxl
import pytest
from openpyxl.utils import get_column_letter
from python_calamine import CalamineWorkbook

from services.payments.spreadsheet import (
    DAY,
    EUROS,
    HEADER_FILL,
    HEADER_FONT,
    HUNDREDTHS,
    MOMENT,
    TEXT,
    Column,
    SheetFull,
    Spreadsheet,
)

COLUMNS = (
    Column("Jour", DAY, 12),
    Column("Texte", TEXT, 30),
    Column("Montant", EUROS, 15),
    Column("Heures", HUNDREDTHS, 10),
    Column("Pointé le", MOMENT, 18),
)
HOSTILE = (
    '=HYPERLINK("http://evil.example","cliquez")',
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "a & b < c > d",
    "]]></t></is></c>",
    '<c t="str"><f>1+1</f></c>',
    " bord ",
    "two\nlines",
    "tab\tin",
    "😀 \u202eabc مرحبا",
    "",
    "é" * 32_767,
    "_x0041_",
)


def some_rows(count):
    chance = random.Random(7)  # noqa: S311 - the same rows in every run
    day = date(2019, 1, 1)
    for place in range(count):
        yield (
            day + timedelta(days=chance.randrange(1500)),
            HOSTILE[place % len(HOSTILE)],
            Decimal(chance.randrange(-900_000, 900_000)).scaleb(-2),
            Decimal(chance.randrange(0, 20_000)).scaleb(-2) if place % 3 else None,
            datetime.combine(date(2020, 2, 29), time(13, place % 60)) if place % 2 else None,
        )


def write_fast(path, rows, columns=COLUMNS, facts=()):
    sheet = Spreadsheet(path, columns, title="Règlements")
    sheet.add(rows)
    sheet.close(title="Recherche", facts=facts)


def write_plainly(path, rows):
    workbook = openpyxl.Workbook()
    sheet = workbook.active
    sheet.title = "Règlements"
    for place, column in enumerate(COLUMNS, start=1):
        header = sheet.cell(1, place, column.title)
        header.font, header.fill = HEADER_FONT, HEADER_FILL
        sheet.column_dimensions[get_column_letter(place)].width = column.width
    for number, row in enumerate(rows, start=2):
        for place, (column, value) in enumerate(zip(COLUMNS, row, strict=True), start=1):
            cell = sheet.cell(number, place)
            cell.value = value
            if isinstance(value, str):
                cell.data_type = "s"
            cell.number_format = column.number_format
    sheet.freeze_panes = "A2"
    sheet.auto_filter.ref = sheet.dimensions
    workbook.create_sheet("Recherche")
    workbook.save(path)


def cells(path):
    sheet = openpyxl.load_workbook(path)["Règlements"]
    return [
        [
            (
                cell.value or None,
                cell.data_type if cell.value else None,
                cell.number_format,
                cell.font.b,
                cell.fill.fgColor.rgb,
            )
            for cell in row
        ]
        for row in sheet.iter_rows()
    ]


def test_s33_openpyxl_reads_the_same_as_from_a_plain_openpyxl_file(tmp_path):
    write_fast(tmp_path / "fast.xlsx", some_rows(200))
    write_plainly(tmp_path / "plain.xlsx", some_rows(200))
    assert cells(tmp_path / "fast.xlsx") == cells(tmp_path / "plain.xlsx")


def test_s33_calamine_reads_the_same_as_from_a_plain_openpyxl_file(tmp_path):
    write_fast(tmp_path / "fast.xlsx", some_rows(200))
    write_plainly(tmp_path / "plain.xlsx", some_rows(200))
    fast, plain = (CalamineWorkbook.from_path(str(tmp_path / name)) for name in ("fast.xlsx", "plain.xlsx"))
    assert fast.sheet_names == plain.sheet_names == ["Règlements", "Recherche"]
    assert fast.get_sheet_by_index(0).to_python() == plain.get_sheet_by_index(0).to_python()


def test_s33_the_sheet_around_the_rows_is_the_plain_one(tmp_path):
    write_fast(tmp_path / "fast.xlsx", some_rows(3))
    write_plainly(tmp_path / "plain.xlsx", some_rows(3))
    fast, plain = (openpyxl.load_workbook(tmp_path / name)["Règlements"] for name in ("fast.xlsx", "plain.xlsx"))
    assert fast.freeze_panes == plain.freeze_panes == "A2"
    assert fast.auto_filter.ref == plain.auto_filter.ref == "A1:E4"
    widths = [[sheet.column_dimensions[letter].width for letter in "ABCDE"] for sheet in (fast, plain)]
    assert widths[0] == widths[1] == [12, 30, 15, 10, 18]


def test_s33_on_paper_each_sheet_bears_the_header_and_the_first_columns(tmp_path):
    write_fast(tmp_path / "fast.xlsx", some_rows(3))
    book = openpyxl.load_workbook(tmp_path / "fast.xlsx")
    sheet = book["Règlements"]
    assert (sheet.print_title_rows, sheet.print_title_cols) == ("$1:$1", "$A:$B")
    for printed, pages in ((sheet, 2), (book["Recherche"], 1)):
        assert printed.page_setup.orientation == "landscape"
        assert (printed.sheet_properties.pageSetUpPr.fitToPage, printed.page_setup.fitToWidth) == (True, pages)
        assert printed.page_setup.fitToHeight == 0


def test_s33_no_formula_is_ever_written(tmp_path):
    facts = [(label, text, TEXT) for label, text in zip("abcdefghijklmno", HOSTILE, strict=True)]
    write_fast(tmp_path / "fast.xlsx", some_rows(60), facts=facts)
    with zipfile.ZipFile(tmp_path / "fast.xlsx") as archive:
        for member in ("xl/worksheets/sheet1.xml", "xl/worksheets/sheet2.xml"):
            assert b"<f>" not in archive.read(member)
    stated = openpyxl.load_workbook(tmp_path / "fast.xlsx")["Recherche"]
    assert (stated["B1"].value, stated["B1"].data_type) == (HOSTILE[0], "s")


def test_s33_characters_that_xml_cannot_hold_are_removed(tmp_path):
    column = (Column("Texte", TEXT, 10),)
    write_fast(tmp_path / "a.xlsx", [("a\x00b\x08c\x1bd\ufffee\ud800f",), ("x" * 40_000,)], columns=column)
    sheet = openpyxl.load_workbook(tmp_path / "a.xlsx")["Règlements"]
    assert sheet["A2"].value == "abcdef"
    assert sheet["A3"].value == "x" * 32_767


def test_s33_an_empty_search_gives_a_file_with_its_header(tmp_path):
    write_fast(tmp_path / "a.xlsx", [])
    sheet = openpyxl.load_workbook(tmp_path / "a.xlsx")["Règlements"]
    assert [[cell.value for cell in row] for row in sheet.iter_rows()] == [[column.title for column in COLUMNS]]


def test_s33_more_rows_than_a_sheet_holds_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("services.payments.spreadsheet.MOST_ROWS", 10)
    sheet = Spreadsheet(tmp_path / "a.xlsx", (Column("Texte", TEXT, 10),), title="Règlements")
    with pytest.raises(SheetFull):
        sheet.add(("x",) for _ in range(11))
    sheet.abandon()


def test_s33_a_row_of_the_wrong_length_is_refused(tmp_path):
    sheet = Spreadsheet(tmp_path / "a.xlsx", COLUMNS, title="Règlements")
    for rows in ([("x",)], [(None,) * 5, (None,) * 4], [(None,) * 6]):
        with pytest.raises(ValueError, match="argument"):
            sheet.add(rows)
    sheet.abandon()


def test_s33_the_remembered_cells_stay_few(tmp_path):
    sheet = Spreadsheet(tmp_path / "a.xlsx", (Column("Texte", TEXT, 10),), title="Règlements")
    sheet.add((f"value {place}",) for place in range(20_000))
    (remembered,) = (make.__self__ for make in sheet._makers)
    assert 0 < len(remembered) <= 4096
    sheet.close(title="Recherche", facts=[])
    rows = CalamineWorkbook.from_path(str(tmp_path / "a.xlsx")).get_sheet_by_index(0).to_python()
    assert rows[1:] == [[f"value {place}"] for place in range(20_000)]
