"""One writer, one file, one process: `python -m bench.excel_writers WRITER ROWS PATH` prints CPU seconds and megabytes."""

import json
import random
import resource
import sys
import time
import zlib
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

from services.payments.spreadsheet import DAY, EUROS, HUNDREDTHS, TEXT, Column, Spreadsheet

COLUMNS = (
    Column("Date", DAY, 12),
    Column("Dossier", TEXT, 15),
    Column("Nom", TEXT, 20),
    Column("Prénom", TEXT, 20),
    Column("Formation", TEXT, 30),
    Column("N° règlement", TEXT, 15),
    Column("Heures", HUNDREDTHS, 10),
    Column("Premier jour", DAY, 12),
    Column("Montant", EUROS, 15),
)
HEADER = [column.title for column in COLUMNS]
LAST_NAMES = ("Martin", "Bernard", "Thomas", "Petit", "Robert", "Richard", "Durand", "Dubois", "Moreau", "Roux & Fils")
FIRST_NAMES = ("Audrey", "Jean", "Marie", "Luc", "Zoé", "Éric", "Anaïs", "Paul")
TITLES = ("INFIRMIER BLOC OPERATOIRE", "CONDUCTEUR ROUTIER", "CAP CUISINE", "AIDE SOIGNANT <DE>", "MASTER RH")
EPOCH = date(1899, 12, 30).toordinal()


def payment_lines(count: int) -> Iterator[tuple]:
    """The same made-up lines for every writer, drawn from pools, so that the source costs little beside them."""
    chance = random.Random(1)
    days = [date(2019, 1, 1) + timedelta(days=chance.randrange(1500)) for _ in range(4093)]
    hours = [Decimal(chance.randrange(100, 16_000)).scaleb(-2) for _ in range(8191)]
    amounts = [Decimal(chance.randrange(10_000, 900_000)).scaleb(-2) for _ in range(10_007)]
    for place in range(count):
        yield (
            days[place % 4093],
            f"{19 + place % 5}GE{place % 100_000:05d}",
            LAST_NAMES[place % 10],
            FIRST_NAMES[place % 8],
            TITLES[place % 5],
            f"{800_000 + place}",
            hours[place % 8191],
            days[place * 7 % 4093],
            amounts[place % 10_007],
        )


def ours(count: int, path: Path) -> None:
    """The writer of the service."""
    sheet = Spreadsheet(path, COLUMNS, title="Règlements")
    sheet.add(payment_lines(count))
    sheet.close(title="Recherche", facts=[("Total", count, "0")])


def openpyxl_write_only(count: int, path: Path) -> None:
    """openpyxl's fastest mode, with the same formats."""
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell

    workbook = Workbook(write_only=True)
    sheet = workbook.create_sheet("Règlements")
    sheet.append(HEADER)
    formats = [column.number_format for column in COLUMNS]
    for row in payment_lines(count):
        cells = [WriteOnlyCell(sheet, value) for value in row]
        for cell, number_format in zip(cells, formats, strict=True):
            cell.number_format = number_format
        sheet.append(cells)
    workbook.save(path)


def rustpy(count: int, path: Path) -> None:
    """rustpy-xlsxwriter, which has no formats for columns."""
    from rustpy_xlsxwriter import write_worksheet

    records = (
        {key: float(value) if isinstance(value, Decimal) else value for key, value in zip(HEADER, row, strict=True)}
        for row in payment_lines(count)
    )
    write_worksheet(records, str(path), sheet_name="s")


def raw(count: int, path: Path) -> None:
    """The floor: the rows' XML and its compression, without a workbook around it."""
    compressor = zlib.compressobj(1)
    pieces: list[str] = []
    with path.open("wb") as file:
        for day, dossier, last, first, title, number, hours, worked, amount in payment_lines(count):
            texts = "".join(
                f'<c t="inlineStr"><is><t>{text}</t></is></c>' for text in (dossier, last, first, title, number)
            )
            pieces.append(
                f'<row><c s="1"><v>{day.toordinal() - EPOCH}</v></c>{texts}<c s="2"><v>{hours}</v></c>'
                f'<c s="1"><v>{worked.toordinal() - EPOCH}</v></c><c s="3"><v>{amount}</v></c></row>'
            )
            if len(pieces) == 500:
                file.write(compressor.compress("".join(pieces).encode()))
                pieces.clear()
        file.write(compressor.compress("".join(pieces).encode()))
        file.write(compressor.flush())


def only_lines(count: int, path: Path) -> None:
    """Nothing but the source of the lines, to be known when reading the others."""
    for _ in payment_lines(count):
        pass


WRITERS = {writer.__name__: writer for writer in (ours, openpyxl_write_only, rustpy, raw, only_lines)}

if __name__ == "__main__":
    started = time.process_time()  # one thread that only computes: CPU is what others on the machine do not disturb
    WRITERS[sys.argv[1]](int(sys.argv[2]), Path(sys.argv[3]))
    took = time.process_time() - started
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": round(took, 3), "megabytes": round(megabytes, 1)}))
