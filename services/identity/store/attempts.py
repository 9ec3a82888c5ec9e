"""Failures in a row by subject (an identifier, an address): shared by replicas, kept over restarts (K12)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, case, func, select, text, update
from sqlalchemy.dialects.postgresql import insert

from services.identity.models import login_attempts

FORGET = text(
    "delete from login_attempts where subject in"
    " (select subject from login_attempts where last_at < :before limit 20 for update skip locked)"
)


def lock(connection: Connection, subject: str, *, now: datetime) -> Row[Any]:
    """The counter of *subject*, made if need be, held until the transaction ends.

    In one statement: between two, another one's successful login may delete the counter.
    """
    fresh = insert(login_attempts).values(subject=subject, failures=0, last_at=now, blocked_until=now)
    held = fresh.on_conflict_do_update(index_elements=["subject"], set_={"subject": subject})
    return connection.execute(held.returning(*login_attempts.c)).one()


def find(connection: Connection, subject: str) -> Row[Any] | None:
    """The counter of *subject*, if it was ever counted."""
    return connection.execute(select(login_attempts).where(login_attempts.c.subject == subject)).one_or_none()


def record(connection: Connection, subject: str, *, failures: int, blocked_until: datetime, now: datetime) -> None:
    """Set the counter."""
    query = update(login_attempts).where(login_attempts.c.subject == subject)
    connection.execute(query.values(failures=failures, blocked_until=blocked_until, last_at=now))


def add_one(connection: Connection, subject: str, *, now: datetime) -> None:
    """One failure more, without a look at the counter."""
    fresh = insert(login_attempts).values(subject=subject, failures=1, last_at=now, blocked_until=now)
    more = {"failures": login_attempts.c.failures + 1, "last_at": now}
    connection.execute(fresh.on_conflict_do_update(index_elements=["subject"], set_=more))


def total(connection: Connection, subjects: Sequence[str]) -> int:
    """The failures of all *subjects* together."""
    query = select(func.coalesce(func.sum(login_attempts.c.failures), 0))
    return int(connection.execute(query.where(login_attempts.c.subject.in_(subjects))).scalar_one())


def clear(connection: Connection, subject: str) -> None:
    """Start again from nothing."""
    connection.execute(login_attempts.delete().where(login_attempts.c.subject == subject))


def take_back(connection: Connection, subject: str, *, now: datetime) -> None:
    """One failure less: the attempt counted in advance turned out well."""
    query = update(login_attempts).where(login_attempts.c.subject == subject)
    connection.execute(query.values(failures=func.greatest(login_attempts.c.failures - 1, 0), blocked_until=now))


def never_mind(connection: Connection, subject: str, *, counted_at: datetime) -> None:
    """One failure less: nobody has heard how the attempt counted then went. A delay that another one began goes on."""
    ours = login_attempts.c.last_at == counted_at
    query = update(login_attempts).where(login_attempts.c.subject == subject)
    fewer = func.greatest(login_attempts.c.failures - 1, 0)
    free = case((ours, counted_at), else_=login_attempts.c.blocked_until)
    connection.execute(query.values(failures=fewer, blocked_until=free))


def forget(connection: Connection, *, before: datetime) -> None:
    """Drop a few counters that nobody has touched since."""
    connection.execute(FORGET, {"before": before})
