"""The queries of dossiers."""

from collections.abc import Sequence
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Row, and_, or_, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from services.documents import domain
from services.documents.models import dossiers
from services.documents.store.documents import KEPT, NEWEST_PAGE, documents_with_files

COLUMNS = ", ".join(f"dossiers.{one.name}" for one in dossiers.c)
WITH_COUNTS = """
    select {columns}, counts.document_count, counts.to_correct_count from dossiers
    join lateral (
        select count(*) as document_count, count(*) filter (where handling = 'to_correct') as to_correct_count
        from documents
        where documents.siret = %(siret)s and documents.dossier_number = dossiers.dossier_number
          and documents.deleted_at is null and documents.category <> all(%(hidden)s)
    ) as counts on true
    where {conditions}
    {order}
"""
LATEST_PAGE = "order by dossiers.period_start desc, dossiers.dossier_number desc limit %(limit)s"
OUTSIDE = "documents.dossier_number is null and (documents.name_key is not null or documents.payment_key is not null)"


def create_dossier(connection: Connection, siret: str, row: dict[str, Any]) -> bool:
    """Whether the dossier was new and is there now; a known one stays as it is."""
    statement = upsert(dossiers).values(siret=siret, **row).on_conflict_do_nothing()
    return connection.scalar(statement.returning(dossiers.c.version)) is not None


def replace_facts(connection: Connection, siret: str, number: str, *, facts: dict[str, Any], version: int) -> None:
    """The facts of a higher *version* replace those of a lower one."""
    _update_dossier(connection, siret, number, dossiers.c.version < version, facts | {"version": version})


def replace_request(
    connection: Connection, siret: str, number: str, *, values: dict[str, Any], requested_at: datetime
) -> None:
    """*values* of a funding request replace those of an older one."""
    older = or_(dossiers.c.requested_at.is_(None), dossiers.c.requested_at < requested_at)
    _update_dossier(connection, siret, number, older, values | {"requested_at": requested_at})


def replace_unversioned_facts(
    connection: Connection, siret: str, number: str, *, facts: dict[str, Any], requested_at: datetime
) -> None:
    """The *facts* of a funding request replace those of an older request, never those of an update."""
    older = and_(dossiers.c.version == 0, dossiers.c.requested_at < requested_at)
    _update_dossier(connection, siret, number, older, facts)


def _update_dossier(connection: Connection, siret: str, number: str, condition: Any, values: dict[str, Any]) -> None:
    same = and_(dossiers.c.siret == siret, dossiers.c.dossier_number == number)
    connection.execute(update(dossiers).where(same, condition).values(**values))


def has_dossier(connection: Connection, siret: str, number: str) -> bool:
    """Whether the employer has this dossier."""
    found = select(1).where(dossiers.c.siret == siret, dossiers.c.dossier_number == number)
    return connection.scalar(found) is not None


def funder_of(connection: Connection, siret: str, number: str) -> dict[str, Any] | None:
    """The funder that follows the dossier, where both are known."""
    same = and_(dossiers.c.siret == siret, dossiers.c.dossier_number == number)
    return connection.scalar(select(dossiers.c.funder).where(same))


def find_dossiers(
    connection: Connection,
    siret: str,
    *,
    text: str,
    hidden: Sequence[str],
    after: tuple[date, str] | None,
    limit: int,
) -> Sequence[Row[Any]]:
    """A page of dossiers, the latest training first."""
    conditions: list[str] = []
    values: dict[str, Any] = {"siret": siret, "hidden": list(hidden), "limit": limit}
    if text.strip():
        matching, more = _matching("dossiers", ("number_key",), text)
        conditions.append(matching)
        values |= more
    if after is not None:
        conditions.append("(dossiers.period_start, dossiers.dossier_number) < (%(after)s, %(after_number)s)")
        values |= {"after": after[0], "after_number": after[1]}
    return connection.exec_driver_sql(_with_counts(*conditions, order=LATEST_PAGE), values).all()


def find_outside(connection: Connection, siret: str, *, text: str, hidden: Sequence[str], limit: int) -> Sequence[Any]:
    """Documents in no dossier, by beneficiary (S46), payment or the payment's dossier (S34), newest first."""
    matching, more = _matching("documents", ("payment_key", "payment_dossier_key"), text)
    query = documents_with_files(KEPT, OUTSIDE, "documents.category <> all(%(hidden)s)", matching, order=NEWEST_PAGE)
    return connection.exec_driver_sql(query, {"siret": siret, "hidden": list(hidden), "limit": limit} | more).all()


def get_dossier(connection: Connection, siret: str, number: str, *, hidden: Sequence[str]) -> Row[Any] | None:
    """One dossier of the employer with its counts."""
    query = _with_counts("dossiers.dossier_number = %(number)s")
    values = {"siret": siret, "number": number, "hidden": list(hidden)}
    return connection.exec_driver_sql(query, values).one_or_none()


@lru_cache(maxsize=64)
def _with_counts(*conditions: str, order: str = "") -> str:
    """Dossiers with the numbers of their documents; no condition may hold a value."""
    query = WITH_COUNTS.replace("{columns}", COLUMNS).replace("{order}", order)
    return query.replace("{conditions}", " and ".join(("dossiers.siret = %(siret)s", *conditions)))


def _matching(table: str, numbers: Sequence[str], text: str) -> tuple[str, dict[str, Any]]:
    """One of the columns *numbers* begins so, or each word begins a word of the names, in any order (S45)."""
    readings = [f"starts_with({table}.{column}, %(sought)s)" for column in numbers]
    values = {"sought": domain.number_key(text)}
    words = domain.search_words(text)
    if words:
        readings.append(" and ".join(f"strpos({table}.name_key, %(word_{place})s) > 0" for place in range(len(words))))
        values |= {f"word_{place}": f" {word}" for place, word in enumerate(words)}
    return f"({' or '.join(f'({reading})' for reading in readings)})", values
