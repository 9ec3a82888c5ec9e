"""Writing what the funder states. For the role of workers: it sees every employer's rows."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, bindparam, select
from sqlalchemy.dialects.postgresql import insert

from services.payments.models import payments

ROWS_A_STATEMENT = 100  # their values are written in one turn of the hub, which calls wait for


def lock_known(connection: Connection, numbers: Iterable[str]) -> dict[str, Row[Any]]:
    """The rows of *numbers*, locked in one order, by number."""
    wanted = payments.c.payment_number.in_(bindparam("numbers", expanding=True))
    query = select(payments).where(wanted).order_by(payments.c.payment_number).with_for_update()
    return {row.payment_number: row for row in connection.execute(query, {"numbers": sorted(numbers)})}


def write(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> set[str]:
    """Write whole *rows*, each at the `revision` after the one that was read; the numbers that were written.

    The others were first written by somebody else meanwhile: read them again.
    """
    if not rows:
        return set()
    statement = insert(payments)
    kept = {"payment_number", "recorded_at"}
    statement = statement.on_conflict_do_update(
        index_elements=["payment_number"],
        set_={column.name: statement.excluded[column.name] for column in payments.c if column.name not in kept},
        where=payments.c.revision == statement.excluded.revision - 1,
    )
    ordered = sorted(rows, key=lambda row: row["payment_number"])
    written = connection.execute(
        statement.returning(payments.c.payment_number),
        ordered,
        execution_options={"insertmanyvalues_page_size": ROWS_A_STATEMENT},
    )
    return set(written.scalars())
