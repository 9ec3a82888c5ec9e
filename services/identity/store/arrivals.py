"""Payments that came in: the newest that was heard of each, and whether its employer was told."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, text

# What was told stays told when it is corrected; a new employer was never told, and money that went back may come again.
KEEP = text(
    """
    insert into payment_arrivals (payment_number, siret, version, stated_at, cancelled, dossier_number, amount,
                                  paid_hours, paid_on, due_at, heard_at)
    values (:payment_number, :siret, :version, :stated_at, :cancelled, :dossier_number, :amount,
            :paid_hours, :paid_on, :due_at, :heard_at)
    on conflict (payment_number) do update
       set siret = excluded.siret, version = excluded.version, stated_at = excluded.stated_at,
           cancelled = excluded.cancelled, dossier_number = excluded.dossier_number, amount = excluded.amount,
           paid_hours = excluded.paid_hours, paid_on = excluded.paid_on, due_at = excluded.due_at,
           heard_at = excluded.heard_at,
           settled_at = case when excluded.siret = payment_arrivals.siret and not excluded.cancelled
                             then payment_arrivals.settled_at end
     where (excluded.version, excluded.stated_at) > (payment_arrivals.version, payment_arrivals.stated_at)
    """
)
WAITING = "settled_at is null and due_at is not null"
NEXT = text(f"select siret, due_at from payment_arrivals where {WAITING} order by due_at limit 1")  # noqa: S608 - constants only
OF_EMPLOYER = text(
    "select dossier_number, amount, paid_hours, paid_on from payment_arrivals"  # noqa: S608 - constants only
    f" where siret = :siret and {WAITING} and due_at <= :now order by payment_number for update"
)
SETTLE = text(
    "update payment_arrivals set settled_at = :now"  # noqa: S608 - constants only
    f" where siret = :siret and {WAITING} and due_at <= :now"
)
POSTPONE = text(
    "update payment_arrivals set due_at = :due_at"  # noqa: S608 - constants only
    f" where siret = :siret and {WAITING} and due_at <= :now"
)
TO_TELL = text(
    """
    select a.id from accounts a join account_access w on w.account_id = a.id
     where w.siret = :siret and a.state = 'active' and a.payment_mails order by a.created_at, a.id
    """
)
TOLD = text("select exists (select from mails where siret = :siret and name = :name and created_at >= :since)")


def keep(connection: Connection, arrivals: Sequence[dict[str, Any]]) -> None:
    """Remember *arrivals*, one a payment, unless something newer is known of it."""
    if arrivals:
        connection.execute(KEEP, sorted(arrivals, key=lambda one: one["payment_number"]))


def next_due(connection: Connection) -> Row[Any] | None:
    """The employer who is to be told first, and when."""
    return connection.execute(NEXT).one_or_none()


def of_employer(connection: Connection, siret: str, *, now: datetime) -> Sequence[Row[Any]]:
    """What the employer is to be told by now, locked."""
    return connection.execute(OF_EMPLOYER, {"siret": siret, "now": now}).all()


def settle(connection: Connection, siret: str, *, now: datetime) -> None:
    """That has been dealt with."""
    connection.execute(SETTLE, {"siret": siret, "now": now})


def postpone(connection: Connection, siret: str, *, due_at: datetime, now: datetime) -> None:
    """That waits for another turn."""
    connection.execute(POSTPONE, {"siret": siret, "due_at": due_at, "now": now})


def accounts_to_tell(connection: Connection, siret: str) -> Sequence[Any]:
    """Ids of the employer's active accounts that have the mail switched on."""
    return connection.execute(TO_TELL, {"siret": siret}).scalars().all()


def was_told(connection: Connection, siret: str, *, name: str, since: datetime) -> bool:
    """Whether a mail of this name was written for the employer since then."""
    return bool(connection.execute(TOLD, {"siret": siret, "name": name, "since": since}).scalar_one())
