"""Requests of people who have forgotten something, until they are looked at."""

from typing import Any

from sqlalchemy import Connection, Row, func, insert, select

from services.identity.models import account_access, accounts, employers, forgotten_requests


def add(connection: Connection, **values: Any) -> None:
    """One more request."""
    connection.execute(insert(forgotten_requests).values(**values))


def take(connection: Connection) -> Row[Any] | None:
    """The oldest request that no other worker has, which is gone with this transaction."""
    oldest = select(forgotten_requests.c.id).order_by(forgotten_requests.c.requested_at).limit(1)
    query = forgotten_requests.delete().where(
        forgotten_requests.c.id == oldest.with_for_update(skip_locked=True).scalar_subquery()
    )
    return connection.execute(query.returning(*forgotten_requests.c)).one_or_none()


def active_accounts_at(connection: Connection, contact_email: str) -> list[Row[Any]]:
    """The active accounts of employers with this contact address, ignoring case."""
    query = select(accounts).join(account_access, account_access.c.account_id == accounts.c.id)
    query = query.join(employers, employers.c.siret == account_access.c.siret).distinct()
    same = func.lower(employers.c.contact_email) == func.lower(contact_email)
    return list(connection.execute(query.where(same, accounts.c.state == "active").order_by(accounts.c.id)))
