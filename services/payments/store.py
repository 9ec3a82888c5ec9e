"""Queries of the service. Reads for an employer take its SIRET first; row-level security stands behind them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from espace_contracts.types import Actor
from sqlalchemy import Connection, Row, TextClause, bindparam, select, text
from sqlalchemy.dialects.postgresql import insert

from services.payments.models import payments
from services.payments.search import BoxText, Criteria

HIGHEST = "\U0010ffff"  # after every text that begins alike: a prefix is a range that an index finds
EXPORT_BATCH = 2000
SHOWN = "siret = :siret and state <> 'awaited'"

MONTHS = """
    select to_char(month, 'YYYY-MM') as month, current, amount, ticked, ticked_amount, lines
    from (
        select date_trunc('month', paid_on::timestamp) as month,
               count(*) as lines,
               count(*) filter (where state = 'current') as current,
               coalesce(sum(amount) filter (where state = 'current'), 0) as amount,
               count(*) filter (where state = 'current' and ticked_at is not null) as ticked,
               coalesce(sum(amount) filter (where state = 'current' and ticked_at is not null), 0) as ticked_amount
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
        order by paid_on desc, dossier_number fetch first :rows rows with ties
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
MORE = "select exists (select from payments where {found})"
LOCK_OWN = text(
    "select payment_number, state, ticked_at is not null as ticked from payments"
    " where siret = :siret and payment_number = any(:numbers) and state <> 'awaited'"
    " order by payment_number for update"
)
TICK = text(
    "update payments set ticked_at = :now, ticked_by_account = :account_id, ticked_by_name = :name,"
    " untick_reason = null, changed_at = :now where siret = :siret and payment_number = any(:numbers)"
)
UNTICK = text(
    "update payments set ticked_at = null, ticked_by_account = null, ticked_by_name = null,"
    " untick_reason = null, changed_at = :now where siret = :siret and payment_number = any(:numbers)"
)


def lock_known(connection: Connection, numbers: Iterable[str]) -> dict[str, Row[Any]]:
    """The rows of *numbers*, locked in one order, by number. For the worker role: it sees every employer."""
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
    written = connection.execute(statement.returning(payments.c.payment_number), ordered)
    return set(written.scalars())


@lru_cache(maxsize=256)
def _query(template: str, conditions: tuple[str, ...]) -> TextClause:
    """*template* with its `{found}` spelled out; the conditions are constants of this module, never values."""
    return text(template.replace("{found}", " and ".join(conditions)).replace("{shown}", SHOWN))


def _conditions(siret: str, criteria: Criteria) -> tuple[tuple[str, ...], dict[str, Any]]:
    conditions = [SHOWN]
    values: dict[str, Any] = {"siret": siret}
    for name, condition in (
        ("paid_from", "paid_on >= :paid_from"),
        ("paid_to", "paid_on <= :paid_to"),
        ("worked_from", "worked_to >= :worked_from"),
        ("worked_to", "worked_from <= :worked_to"),
    ):
        if getattr(criteria, name) is not None:
            conditions.append(condition)
            values[name] = getattr(criteria, name)
    if criteria.worked_from and criteria.worked_to:
        conditions.append(  # a payment may leave out the very days between its periods
            'exists (select from jsonb_to_recordset(periods) as period(start date, "end" date)'
            ' where period.start <= :worked_to and period."end" >= :worked_from)'
        )
    if criteria.ticked is not None:
        conditions.append("ticked_at is not null" if criteria.ticked else "ticked_at is null and state = 'current'")
    if criteria.box is not None:
        condition, more = _box(criteria.box)
        conditions.append(condition)
        values |= more
    return tuple(conditions), values


def _box(box: BoxText) -> tuple[str, dict[str, Any]]:
    readings = ["number_key = any(:numbers)", "transfer_key >= :transfer and transfer_key < :transfer_end"]
    values: dict[str, Any] = {
        "numbers": list(box.numbers),
        "transfer": box.transfer,
        "transfer_end": box.transfer + HIGHEST,
    }
    for place, number in enumerate(box.numbers):
        readings.append(f"dossier_key >= :dossier_{place} and dossier_key < :dossier_end_{place}")
        values |= {f"dossier_{place}": number, f"dossier_end_{place}": number + HIGHEST}
    if box.amounts:
        readings.append("amount_cents = any(cast(:cents as bigint[]))")
        values["cents"] = [int(amount * 100) for amount in box.amounts]
    if box.words:
        words = [f"strpos(beneficiary_key, :word_{place}) > 0" for place in range(len(box.words))]
        readings.append(" and ".join(words))
        values |= {f"word_{place}": f" {word}" for place, word in enumerate(box.words)}
    return f"({' or '.join(f'({reading})' for reading in readings)})", values


def _after(end: tuple[Any, str] | None) -> tuple[tuple[str, ...], dict[str, Any]]:
    """Only what follows the row *end* (date, dossier) of the list."""
    if end is None:
        return (), {}
    following = "paid_on <= :end_on and (paid_on < :end_on or dossier_number > :end_dossier)"
    return (following,), {"end_on": end[0], "end_dossier": end[1]}


def months(connection: Connection, siret: str, criteria: Criteria) -> Sequence[Row[Any]]:
    """Each month of the search with its sums; cancelled payments are lines, and in no sum."""
    conditions, values = _conditions(siret, criteria)
    return connection.execute(_query(MONTHS, conditions), values).all()


def page(
    connection: Connection, siret: str, criteria: Criteria, *, after: tuple[Any, str] | None, rows: int
) -> Sequence[Row[Any]]:
    """The next *rows* payments of the search in the order of S24, and all others of the last one's row."""
    conditions, values = _conditions(siret, criteria)
    following, end = _after(after)
    query = _query(PAGE, (*conditions, *following))
    return connection.execute(query, values | end | {"rows": rows}).all()


def more_after(connection: Connection, siret: str, criteria: Criteria, *, end: tuple[Any, str]) -> bool:
    """Whether any payment of the search comes after the row *end*."""
    conditions, values = _conditions(siret, criteria)
    following, more = _after(end)
    return connection.execute(_query(MORE, (*conditions, *following)), values | more).scalar_one()


def count(connection: Connection, siret: str) -> int:
    """All payments of the employer, cancelled ones too."""
    return connection.execute(COUNT, {"siret": siret}).scalar_one()


def stream(connection: Connection, siret: str, criteria: Criteria) -> Iterator[Sequence[Row[Any]]]:
    """Every payment of the search, by batches from a cursor on the server: memory does not grow with the search."""
    conditions, values = _conditions(siret, criteria)
    query = _query(EXPORT, conditions).execution_options(yield_per=EXPORT_BATCH)
    yield from connection.execute(query, values).partitions()


def lock_own(connection: Connection, siret: str, numbers: Iterable[str]) -> dict[str, Row[Any]]:
    """The employer's own among *numbers*, locked, by number."""
    values = {"siret": siret, "numbers": list(numbers)}
    return {row.payment_number: row for row in connection.execute(LOCK_OWN, values)}


def tick(connection: Connection, siret: str, numbers: Sequence[str], *, actor: Actor, now: datetime) -> None:
    """Mark these payments of the employer as checked by *actor*."""
    who = {"account_id": actor.account_id, "name": actor.name}
    connection.execute(TICK, {"siret": siret, "numbers": list(numbers), "now": now, **who})


def untick(connection: Connection, siret: str, numbers: Sequence[str], *, now: datetime) -> None:
    """Remove the marks of these payments of the employer."""
    connection.execute(UNTICK, {"siret": siret, "numbers": list(numbers), "now": now})
