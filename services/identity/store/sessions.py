"""Sessions, by the hash of their token."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, insert, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert

from services.identity.models import privacy_acceptances, sessions

LIVE = text(
    """
    select s.id as session_id, s.account_id, s.siret, e.legal_name, a.identifier, e.contact_email, a.state,
           a.pending_identifier, s.opened_at, s.last_seen_at, s.previous_login_at as last_login_at,
           s.idle_expires_at, s.absolute_expires_at,
           (select f.contact from employer_funders f where f.siret = s.siret
             order by f.heard_at desc limit 1) as funder,
           exists (select from privacy_acceptances p where p.account_id = s.account_id
             and (cast(:policy as text) is null or p.policy_version = :policy)) as policy_accepted
      from sessions s
      join accounts a on a.id = s.account_id
      join account_access w on w.account_id = s.account_id and w.siret = s.siret
      join employers e on e.siret = s.siret
     where s.token_hash = :token_hash and s.ended_at is null and a.state <> 'disabled'
       and s.idle_expires_at > :now and s.absolute_expires_at > :now
    """
)


def live(connection: Connection, token_hash: str, *, policy: str | None, now: datetime) -> Row[Any] | None:
    """The session behind the token and what pages need of its account; *policy* is the version that must be accepted."""
    return connection.execute(LIVE, {"token_hash": token_hash, "policy": policy, "now": now}).one_or_none()


def live_of_account(connection: Connection, account_id: UUID, *, now: datetime) -> list[Row[Any]]:
    """All live sessions of the account, the latest opened first."""
    live_ones = (sessions.c.ended_at.is_(None), sessions.c.idle_expires_at > now, sessions.c.absolute_expires_at > now)
    query = select(sessions).where(sessions.c.account_id == account_id, *live_ones)
    return list(connection.execute(query.order_by(sessions.c.opened_at.desc())))


def add(connection: Connection, **values: Any) -> None:
    """A new session."""
    connection.execute(insert(sessions).values(**values))


def touch(connection: Connection, session_id: UUID, *, now: datetime, idle_expires_at: datetime) -> None:
    """Note activity."""
    query = update(sessions).where(sessions.c.id == session_id)
    connection.execute(query.values(last_seen_at=now, idle_expires_at=idle_expires_at))


def end(connection: Connection, token_hash: str, *, now: datetime) -> Row[Any] | None:
    """End one session; the row, or None when it had ended before or never was."""
    query = update(sessions).where(sessions.c.token_hash == token_hash, sessions.c.ended_at.is_(None))
    return connection.execute(query.values(ended_at=now).returning(*sessions.c)).one_or_none()


def end_all(connection: Connection, account_id: UUID, *, now: datetime) -> int:
    """End every session of the account; how many there were."""
    query = update(sessions).where(sessions.c.account_id == account_id, sessions.c.ended_at.is_(None))
    return connection.execute(query.values(ended_at=now)).rowcount


def accept_policy(connection: Connection, account_id: UUID, version: str, *, now: datetime) -> bool:
    """Record the acceptance; False when this version had been accepted before."""
    row = upsert(privacy_acceptances).values(account_id=account_id, policy_version=version, accepted_at=now)
    added = row.on_conflict_do_nothing().returning(privacy_acceptances.c.account_id)
    return connection.execute(added).one_or_none() is not None
