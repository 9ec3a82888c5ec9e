"""Reading an employer's payments: page, months, export. Each query takes the SIRET first; RLS stands behind them."""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, Row, text

from services.payments.search import Criteria
from services.payments.store.searches import conditions_of, query, run

EXPORT_BATCH = 100  # rows that are read in one turn of the hub, which calls wait for

MONTHS = """
    select to_char(month, 'YYYY-MM') as month, current, amount, ticked, ticked_amount, lines, seen_until
    from (
        select date_trunc('month', paid_on::timestamp) as month,
               count(*) as lines,
               count(*) filter (where state = 'current') as current,
               coalesce(sum(amount) filter (where state = 'current'), 0) as amount,
               count(*) filter (where state = 'current' and ticked_at is not null) as ticked,
               coalesce(sum(amount) filter (where state = 'current' and ticked_at is not null), 0) as ticked_amount,
               max(coalesce(stated_at, recorded_at)) as seen_until
        from payments where {found} group by 1
    ) as months
"""
PAGE = """
    select page.*, transfers.amount as transfer_amount, transfers.count as transfer_count
    from (
        select payment_number, version, state, dossier_number, beneficiary_last_name, beneficiary_first_name,
               training_title, amount, paid_hours, periods, paid_on, transfer_reference, transfer_key, corrects,
               cancelled_on, cancellation_reason, ticked_at, ticked_by_name, untick_reason
        from payments where {found}
        order by paid_on desc, dossier_number fetch first %(rows)s rows with ties
    ) as page
    left join lateral (
        select coalesce(sum(amount), 0) as amount, count(*) as count from payments
        where {shown} and transfer_key = page.transfer_key and state = 'current'
    ) as transfers on true
    order by page.paid_on desc, page.dossier_number, page.payment_number
"""
EXPORT = """
    select paid_on, dossier_number, beneficiary_last_name, beneficiary_first_name, training_title, payment_number,
           paid_hours, periods, worked_from, worked_to, amount, transfer_reference, state, corrects, cancelled_on,
           cancellation_reason, ticked_at, ticked_by_name
    from payments where {found}
    order by paid_on desc, dossier_number, payment_number
"""
COUNT = text("select count(*) from payments where siret = :siret and state <> 'awaited'")
SIZE = "select count(*) from payments where {found}"
MORE = "select exists (select from payments where {found})"


def _after(end: tuple[Any, str] | None) -> tuple[tuple[str, ...], dict[str, Any]]:
    """Only what follows the row *end* (date, dossier) of the list."""
    if end is None:
        return (), {}
    following = "paid_on <= %(end_on)s and (paid_on < %(end_on)s or dossier_number > %(end_dossier)s)"
    return (following,), {"end_on": end[0], "end_dossier": end[1]}


def months(connection: Connection, siret: str, criteria: Criteria) -> Sequence[Row[Any]]:
    """Each month of the search with its sums; cancelled payments are lines, and in no sum."""
    conditions, values = conditions_of(siret, criteria)
    return run(connection, MONTHS, conditions, values).all()


def page(
    connection: Connection, siret: str, criteria: Criteria, *, after: tuple[Any, str] | None, rows: int
) -> Sequence[Row[Any]]:
    """The next *rows* payments of the search in the order of S24, and all others of the last one's row."""
    conditions, values = conditions_of(siret, criteria)
    following, end = _after(after)
    return run(connection, PAGE, (*conditions, *following), values | end | {"rows": rows}).all()


def more_after(connection: Connection, siret: str, criteria: Criteria, *, end: tuple[Any, str]) -> bool:
    """Whether any payment of the search comes after the row *end*."""
    conditions, values = conditions_of(siret, criteria)
    following, more = _after(end)
    return run(connection, MORE, (*conditions, *following), values | more).scalar_one()


def count(connection: Connection, siret: str) -> int:
    """All payments of the employer, cancelled ones too."""
    return connection.execute(COUNT, {"siret": siret}).scalar_one()


def size(connection: Connection, siret: str, criteria: Criteria) -> int:
    """All payments of the search, cancelled ones too."""
    conditions, values = conditions_of(siret, criteria)
    return run(connection, SIZE, conditions, values).scalar_one()


def stream(connection: Connection, siret: str, criteria: Criteria) -> Iterator[Sequence[Row[Any]]]:
    """Every payment of the search, by batches from a cursor on the server: memory does not grow with the search."""
    conditions, values = conditions_of(siret, criteria)
    found = connection.exec_driver_sql(query(EXPORT, conditions), values, execution_options={"stream_results": True})
    # The option yield_per is not heard for a driver's own SQL: without a size here, all would be read at once.
    yield from found.partitions(EXPORT_BATCH)
