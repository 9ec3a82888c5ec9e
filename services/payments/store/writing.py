"""Writing what the funder states. For the role of workers: it sees every employer's rows."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson
from sqlalchemy import Connection, Row, text

from services.payments.models import payments

ROWS_A_STATEMENT = 100  # their values are written in one turn of the hub, which calls wait for
NAMES = [column.name for column in payments.c]
KEPT = {"payment_number", "recorded_at"}
LOCK = text("select * from payments where payment_number = any(:numbers) order by payment_number for update")
# All rows are one parameter: rendered and parsed as thousands, they took longer than their writing.
WRITE = text(
    f"""
    insert into payments ({", ".join(NAMES)})
    select {", ".join(NAMES)} from json_populate_recordset(cast(null as payments), cast(:rows as json))
    on conflict (payment_number) do update set {", ".join(f"{name} = excluded.{name}" for name in NAMES if name not in KEPT)}
    where payments.revision = excluded.revision - 1
    returning payment_number
    """  # noqa: S608  names of our own columns
)


def lock_known(connection: Connection, numbers: Iterable[str]) -> dict[str, Row[Any]]:
    """The rows of *numbers*, locked in one order, by number."""
    found = connection.execute(LOCK, {"numbers": sorted(numbers)})
    return {row.payment_number: row for row in found}


def write(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> set[str]:
    """Write whole *rows*, each at the `revision` after the one that was read; the numbers that were written.

    The others were first written by somebody else meanwhile: read them again.
    """
    ordered = sorted(rows, key=lambda row: row["payment_number"])  # one order for all replicas
    written: set[str] = set()
    for start in range(0, len(ordered), ROWS_A_STATEMENT):
        part = orjson.dumps(ordered[start : start + ROWS_A_STATEMENT], default=str).decode()
        written.update(connection.execute(WRITE, {"rows": part}).scalars())
    return written
