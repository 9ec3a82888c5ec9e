"""Mails that wait, and what became of those that left."""

import json
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, func, insert, select, text, update

from services.identity.models import mails

CLAIM = text(
    """
    update mails set attempts = attempts + 1, due_at = :lease
     where id = (select id from mails where state = 'queued' and due_at <= :now
                  order by due_at limit 1 for update skip locked)
    returning *
    """
).columns(*mails.c)

TURN = text("select pg_advisory_xact_lock(hashtextextended(:siret || :name, 0))")
JOIN = text(
    """
    update mails set facts = jsonb_set(facts, '{documents}', facts -> 'documents' || cast(:entry as jsonb))
     where id = (select id from mails where siret = :siret and name = :name and state = 'queued'
                    and attempts = 0 and jsonb_array_length(facts -> 'documents') < :at_most
                  order by created_at limit 1 for update skip locked)
    """
)


def add(connection: Connection, **values: Any) -> None:
    """A mail that waits to be sent."""
    connection.execute(insert(mails).values(state="queued", attempts=0, **values))


def join(connection: Connection, siret: str, name: str, *, entry: dict[str, Any], at_most: int) -> bool:
    """Whether *entry* is now among the documents of a mail that nobody has tried to send, *at_most* in one.

    Employers take turns, and a mail that a worker has claimed meanwhile stays what it is: a retry sends the same.
    """
    connection.execute(TURN, {"siret": siret, "name": name})
    values = {"siret": siret, "name": name, "entry": json.dumps([entry]), "at_most": at_most}
    return connection.execute(JOIN, values).rowcount == 1


def claim(connection: Connection, *, now: datetime, lease: datetime) -> Row[Any] | None:
    """One due mail, the worker's alone until *lease*; a worker that dies gives it back by letting that pass."""
    return connection.execute(CLAIM, {"now": now, "lease": lease}).one_or_none()


def next_due(connection: Connection) -> datetime | None:
    """When the next mail wants to leave."""
    return connection.execute(select(func.min(mails.c.due_at)).where(mails.c.state == "queued")).scalar_one()


def settle(connection: Connection, mail_id: UUID, *, state: str, answer: str, now: datetime) -> bool:
    """The mail's last word: its secret goes. False when another worker has settled it."""
    query = update(mails).where(mails.c.id == mail_id, mails.c.state == "queued")
    values = {"state": state, "server_answer": answer, "settled_at": now, "secret": None}
    return connection.execute(query.values(values)).rowcount == 1


def withdraw(connection: Connection, account_id: UUID, name: str, *, answer: str, now: datetime) -> None:
    """The account's waiting mails of this name are given up."""
    waiting = (mails.c.account_id == account_id) & (mails.c.name == name) & (mails.c.state == "queued")
    values = {"state": "given_up", "server_answer": answer, "settled_at": now, "secret": None}
    connection.execute(update(mails).where(waiting).values(values))


def postpone(connection: Connection, mail_id: UUID, *, answer: str, due_at: datetime, attempts: int) -> None:
    """Try again at *due_at*, with *attempts* on the mail's account."""
    query = update(mails).where(mails.c.id == mail_id, mails.c.state == "queued")
    connection.execute(query.values(due_at=due_at, server_answer=answer, attempts=attempts))


def redirect(connection: Connection, siret: str, *, old: str, new: str) -> None:
    """Mails that still wait for the old address go to the new one."""
    query = update(mails).where(mails.c.siret == siret, mails.c.state == "queued", mails.c.recipient == old)
    connection.execute(query.values(recipient=new))


def since(connection: Connection, account_id: UUID, *names: str, start: datetime) -> list[datetime]:
    """When mails of these names were written for the account after *start*, oldest first."""
    query = select(mails.c.created_at).where(mails.c.account_id == account_id, mails.c.name.in_(names))
    query = query.where(mails.c.created_at > start)
    return list(connection.execute(query.order_by(mails.c.created_at)).scalars())
