"""Addresses from which an account was proved: by a login, a first login or a reset (K12)."""

from datetime import datetime

from sqlalchemy import Connection, select
from sqlalchemy.dialects.postgresql import insert

from services.identity.models import known_addresses


def remember(connection: Connection, remote_address: str, *, now: datetime) -> None:
    """Somebody has just proved an account from here."""
    row = insert(known_addresses).values(remote_address=remote_address, seen_at=now)
    connection.execute(row.on_conflict_do_update(index_elements=["remote_address"], set_={"seen_at": now}))


def is_known(connection: Connection, remote_address: str, *, since: datetime) -> bool:
    """Whether somebody has done so after *since*."""
    query = select(known_addresses.c.seen_at).where(known_addresses.c.remote_address == remote_address)
    seen_at = connection.execute(query).scalar_one_or_none()
    return seen_at is not None and seen_at > since
