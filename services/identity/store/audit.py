"""The audit log: rows are only ever added, and dropped when they are old (K35, K38)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, insert, text

from services.identity.models import audit_log

# Two index scans; what an account did at another employer of its own is not this one's business.
NEWEST = text(
    """
    select l.at, l.action, l.succeeded, a.identifier as who, l.details ->> 'subject' as subject
      from (select * from audit_log where siret = :siret and action = any(:actions)
            union all
            select * from audit_log where account_id = :account_id and siret is null and action = any(:actions)) l
      left join accounts a on a.id = l.account_id and l.actor = 'account'
     where (cast(:start as timestamptz) is null or l.at >= :start)
       and (cast(:end as timestamptz) is null or l.at < :end)
     order by l.at desc, l.id desc
     limit :limit
    """
)
# Ids follow time closely enough: the oldest lines are looked at, without an index that every line would pay for.
DROP = text(
    "delete from audit_log where at < :before and id in"
    " (select id from (select id, at from audit_log order by id limit :at_once) oldest where at < :before)"
)


def add(connection: Connection, **values: Any) -> None:
    """One line of who did what, when, from where."""
    connection.execute(insert(audit_log).values(**values))


def newest(
    connection: Connection, siret: str, *, account_id: UUID, actions: Sequence[str], **which: Any
) -> list[Row[Any]]:
    """The newest lines of these actions about the employer, or about the account alone.

    *which* is limit, and start and end, instants or None; the end is the first instant that no longer counts.
    """
    values = {"siret": siret, "account_id": account_id, "actions": list(actions), **which}
    return list(connection.execute(NEWEST, values))


def drop(connection: Connection, *, before: datetime, at_once: int) -> int:
    """Delete at most *at_once* lines from before then; how many. For the role of workers, and no line of the last year."""
    return connection.execute(DROP, {"before": before, "at_once": at_once}).rowcount
