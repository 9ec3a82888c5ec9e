"""One-time links; only the hash of a token is ever here (K7)."""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import ColumnElement, Connection, Row, and_, insert, select, update

from services.identity.models import links

CONFIRM_IDENTIFIER, RESET_PASSWORD, CONFIRM_CONTACT = "confirm_identifier", "reset_password", "confirm_contact"


def _live(now: datetime) -> ColumnElement[bool]:
    return and_(links.c.used_at.is_(None), links.c.voided_at.is_(None), links.c.expires_at > now)


def replace(connection: Connection, account_id: UUID, purpose: str, **values: Any) -> None:
    """A new link; older ones of this account and purpose stop working. The caller holds the account."""
    void(connection, account_id, purpose, now=values["created_at"])
    connection.execute(insert(links).values(id=uuid4(), account_id=account_id, purpose=purpose, **values))


def void(connection: Connection, account_id: UUID, purpose: str, *, now: datetime) -> None:
    """The account's unused links of this purpose stop working."""
    older = (links.c.account_id == account_id) & (links.c.purpose == purpose)
    unused = links.c.used_at.is_(None) & links.c.voided_at.is_(None)
    connection.execute(update(links).where(older, unused).values(voided_at=now))


def live(connection: Connection, token_hash: str, *, purpose: str, now: datetime) -> Row[Any] | None:
    """The link behind the token, while it works; nothing is consumed (K8)."""
    query = select(links).where(links.c.token_hash == token_hash, links.c.purpose == purpose, _live(now))
    return connection.execute(query).one_or_none()


def live_of_account(connection: Connection, account_id: UUID, *, purpose: str, now: datetime) -> Row[Any] | None:
    """The one link of this purpose that the account has, while it works."""
    query = select(links).where(links.c.account_id == account_id, links.c.purpose == purpose, _live(now))
    return connection.execute(query).one_or_none()


def consume(connection: Connection, token_hash: str, *, purpose: str, now: datetime) -> bool:
    """Use the link up; of many at a time exactly one gets True (K9)."""
    query = update(links).where(links.c.token_hash == token_hash, links.c.purpose == purpose, _live(now))
    return connection.execute(query.values(used_at=now)).rowcount == 1
