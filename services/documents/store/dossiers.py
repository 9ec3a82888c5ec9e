"""The queries of dossiers."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, func, or_, select, tuple_, update
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import insert as upsert

from services.documents import domain
from services.documents.models import documents, dossiers
from services.documents.store.documents import NEWEST_FIRST, documents_with_files


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


def _dossiers_with_counts(siret: str, hidden: Sequence[str]) -> Select[Any]:
    """Dossiers with the numbers of their documents, those of the *hidden* categories left out."""
    counts = (
        select(
            func.count().label("document_count"),
            func.count().filter(documents.c.handling == "to_correct").label("to_correct_count"),
        )
        .where(
            documents.c.siret == siret,
            documents.c.dossier_number == dossiers.c.dossier_number,
            documents.c.deleted_at.is_(None),
            documents.c.category.not_in(hidden),
        )
        .lateral("counts")
    )
    chosen = select(dossiers, counts.c.document_count, counts.c.to_correct_count)
    return chosen.select_from(dossiers.join(counts, sql("true"))).where(dossiers.c.siret == siret)


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
    query = _dossiers_with_counts(siret, hidden)
    if text.strip():
        query = query.where(_matches(text))
    order = tuple_(dossiers.c.period_start, dossiers.c.dossier_number)
    if after is not None:
        query = query.where(order < tuple_(*after))
    query = query.order_by(dossiers.c.period_start.desc(), dossiers.c.dossier_number.desc())
    return connection.execute(query.limit(limit)).all()


def find_outside(connection: Connection, siret: str, *, text: str, hidden: Sequence[str], limit: int) -> Sequence[Any]:
    """Documents in no dossier, by beneficiary (S46), payment or the payment's dossier (S34), newest first."""
    number, words = domain.number_key(text), domain.search_words(text)
    found = [
        column.startswith(number, autoescape=True)
        for column in (documents.c.payment_key, documents.c.payment_dossier_key)
    ]
    if words:
        found.append(and_(*(documents.c.name_key.contains(f" {word}", autoescape=True) for word in words)))
    query = documents_with_files(siret).where(
        documents.c.dossier_number.is_(None),
        or_(documents.c.name_key.is_not(None), documents.c.payment_key.is_not(None)),
        documents.c.category.not_in(hidden),
        or_(*found),
    )
    return connection.execute(query.order_by(*NEWEST_FIRST).limit(limit)).all()


def _matches(text: str) -> Any:
    """The number begins so, or each word begins a word of the names, in any order (S45)."""
    number = dossiers.c.number_key.startswith(domain.number_key(text), autoescape=True)
    words = domain.search_words(text)
    if not words:
        return number
    return or_(number, and_(*(dossiers.c.name_key.contains(f" {word}", autoescape=True) for word in words)))


def get_dossier(connection: Connection, siret: str, number: str, *, hidden: Sequence[str]) -> Row[Any] | None:
    """One dossier of the employer with its counts."""
    query = _dossiers_with_counts(siret, hidden).where(dossiers.c.dossier_number == number)
    return connection.execute(query).one_or_none()
