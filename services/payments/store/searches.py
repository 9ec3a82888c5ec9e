"""How a search becomes conditions of a query. Values are always bound; conditions are constants of this module.

These queries are written for psycopg and run by `exec_driver_sql`: the hottest reads of the portal, where compiling
and binding by SQLAlchemy costs as much as PostgreSQL's own work (bench/list.py).
"""

from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, CursorResult

from services.payments.search import BoxText, Criteria

HIGHEST = "\U0010ffff"  # after every text that begins alike: a prefix is a range that an index finds
SHOWN = "siret = %(siret)s and state <> 'awaited'"


@lru_cache(maxsize=256)
def query(template: str, conditions: tuple[str, ...]) -> str:
    """*template* with its `{found}` spelled out as *conditions*, none of which may hold a value."""
    return template.replace("{found}", " and ".join(conditions)).replace("{shown}", SHOWN)


def run(
    connection: Connection, template: str, conditions: tuple[str, ...], values: dict[str, Any]
) -> CursorResult[Any]:
    """The result of *template* under *conditions*, which name *values*."""
    return connection.exec_driver_sql(query(template, conditions), values)


def conditions_of(siret: str, criteria: Criteria) -> tuple[tuple[str, ...], dict[str, Any]]:
    """The conditions of the employer's search, and the values that they name."""
    conditions = [SHOWN]
    values: dict[str, Any] = {"siret": siret}
    for name, condition in (
        ("paid_from", "paid_on >= %(paid_from)s"),
        ("paid_to", "paid_on <= %(paid_to)s"),
        ("worked_from", "worked_to >= %(worked_from)s"),
        ("worked_to", "worked_from <= %(worked_to)s"),
    ):
        if getattr(criteria, name) is not None:
            conditions.append(condition)
            values[name] = getattr(criteria, name)
    if criteria.worked_from and criteria.worked_to:
        conditions.append(  # a payment may leave out the very days between its periods
            'exists (select from jsonb_to_recordset(periods) as period(start date, "end" date)'
            ' where period.start <= %(worked_to)s and period."end" >= %(worked_from)s)'
        )
    if criteria.ticked is not None:
        conditions.append("ticked_at is not null" if criteria.ticked else "ticked_at is null and state = 'current'")
    if criteria.box is not None:
        condition, more = _box(criteria.box)
        conditions.append(condition)
        values |= more
    return tuple(conditions), values


def _box(box: BoxText) -> tuple[str, dict[str, Any]]:
    readings = ["number_key = any(%(numbers)s)", "transfer_key >= %(transfer)s and transfer_key < %(transfer_end)s"]
    values: dict[str, Any] = {
        "numbers": list(box.numbers),
        "transfer": box.transfer,
        "transfer_end": box.transfer + HIGHEST,
    }
    for place, number in enumerate(box.numbers):
        readings.append(f"dossier_key >= %(dossier_{place})s and dossier_key < %(dossier_end_{place})s")
        values |= {f"dossier_{place}": number, f"dossier_end_{place}": number + HIGHEST}
    if box.amounts:
        readings.append("amount_cents = any(cast(%(cents)s as bigint[]))")
        values["cents"] = [int(amount * 100) for amount in box.amounts]
    if box.words:
        words = [f"strpos(beneficiary_key, %(word_{place})s) > 0" for place in range(len(box.words))]
        readings.append(" and ".join(words))
        values |= {f"word_{place}": f" {word}" for place, word in enumerate(box.words)}
    return f"({' or '.join(f'({reading})' for reading in readings)})", values
