"""Which rows of a database are an employer's: asked of the tables themselves, so that a new table cannot be forgotten.

A row is the employer's when it carries its SIRET, or the account of somebody who has access to no other employer.
Tables with neither column are named below, each with what becomes of it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, MetaData, Table, TableClause, Text, and_, cast, column, exists, or_, select, table
from sqlalchemy.sql.elements import ColumnElement

SIRET, ACCOUNT = "siret", "account_id"
ACCOUNTS, ACCESS, AUDIT = "accounts", "account_access", "audit_log"
# Tables that name no employer in a column of its own.
OTHERS = {
    "outbox": "events of 30 days: those that mention the employer are erased",
    "idempotency": "answers of some days: those that mention the employer are erased",
    "inbox": "ids and checksums of events, no data",
    "burials": "ids, reasons and names of fields, no data",
    "outbox_horizon": "a position among events, no data",
    "login_attempts": "gone a day after the last failure",
    "forgotten_requests": "gone once the mailer has looked at them",
    "spent_challenges": "of no person",
    "known_addresses": "of no account: dropped after IDENTITY_KNOWN_ADDRESS_DAYS",
    "categories": "of no employer",
    "category_sets": "of no employer",
    "alembic_version": "of no employer",
}
TEXTS = {"outbox": ("body",), "idempotency": ("answer", "scope")}  # columns that may mention the employer
# Payments that were cancelled for another employer than the one they belong to name both.
ALSO = {"payments": ("cancelled_siret",)}
SECRETS = ("password_hash", "pending_password_hash", "token_hash", "secret")


class TableUnknown(Exception):
    """A table names no employer and is not among the others: nobody has said what becomes of it."""


@dataclass(frozen=True)
class Person:
    """Whose rows: the employer and the accounts that have access to it alone."""

    siret: str
    accounts: tuple[Any, ...] = ()


def reflected(connection: Connection) -> MetaData:
    """The tables as they are; of the others only those that they refer to."""
    metadata = MetaData()
    metadata.reflect(connection, only=lambda name, _: name not in OTHERS)
    return metadata


def person_of(connection: Connection, metadata: MetaData, siret: str) -> Person:
    """The employer with its own accounts, where this database knows accounts."""
    access = metadata.tables.get(ACCESS)
    if access is None:
        return Person(siret)
    elsewhere = access.alias()
    only_here = ~exists().where(elsewhere.c.account_id == access.c.account_id, elsewhere.c.siret != siret)
    query = select(access.c.account_id).where(access.c.siret == siret, only_here)
    return Person(siret, tuple(connection.scalars(query)))


def tables_of(metadata: MetaData, person: Person) -> Iterator[tuple[Table, ColumnElement[bool]]]:
    """Every table with rows of employers, and which of its rows are this employer's; what refers to others comes first.

    Raises TableUnknown.
    """
    for one in reversed(metadata.sorted_tables):
        condition = _own(one, person)
        if condition is not None:
            yield one, condition
        elif one.name not in OTHERS:
            raise TableUnknown(one.name)


def mentioning(person: Person) -> Iterator[tuple[TableClause, ColumnElement[bool]]]:
    """Tables of texts that may speak of the employer, and the rows that do."""
    words = [person.siret, *map(str, person.accounts)]
    for name, columns in TEXTS.items():
        texts = [cast(column(one), Text) for one in columns]
        yield table(name), or_(*(text.contains(word) for text in texts for word in words))


def _own(whole: Table, person: Person) -> ColumnElement[bool] | None:
    by_siret = [whole.c[name] == person.siret for name in (SIRET, *ALSO.get(whole.name, ())) if name in whole.c]
    if whole.name == ACCOUNTS:
        return whole.c.id.in_(person.accounts)
    if ACCOUNT not in whole.c:
        return or_(*by_siret) if by_siret else None
    own_account = whole.c[ACCOUNT].in_(person.accounts)
    if not by_siret:
        return own_account
    # What an account did at another employer of its own is not this one's.
    return or_(*by_siret, and_(own_account, whole.c[SIRET].is_(None)))
