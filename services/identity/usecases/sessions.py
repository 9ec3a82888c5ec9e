"""Logging in, the session behind a page, logging out (S15, K13, K16)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from espace_contracts import identity as api
from espace_contracts.errors import NotFound, RobotRequired, SessionInvalid
from espace_contracts.rpc import Done
from sqlalchemy import Connection, Row

from chassis import outbox
from services.identity import domain
from services.identity.kit import Kit, Proof
from services.identity.store import accounts, known_addresses, links
from services.identity.store import sessions as store
from services.identity.usecases import audit, limits, robot

TOUCH_EVERY = timedelta(seconds=30)
WITH_PROVISIONAL_CREDENTIALS = ("provisional", "pending_confirmation")


@dataclass(frozen=True)
class Candidate:
    """Who wants in, with the hash to compare; both None when nobody may, which the caller must not notice."""

    account_id: UUID | None
    password_hash: str | None


def begin_login(connection: Connection, request: api.OpenSession, *, kit: Kit, now: datetime) -> Candidate:
    """Find the account and count the attempt. Raises TooManyAttempts.

    It counts as failed before its password is looked at, so that parallel guesses are all counted.
    Raises RobotRequired to an unknown address while many logins fail everywhere.
    """
    _weather_storm(connection, request, kit=kit, now=now)
    key = domain.identifier_key(request.identifier)
    limits.count(connection, limits.of_login(key, request.session.remote_address, kit.rules), now=now)
    account = accounts.account_by_key(connection, key)
    if account is None or not _may_log_in(account, now):
        return Candidate(account_id=account.id if account else None, password_hash=None)
    return Candidate(account_id=account.id, password_hash=account.password_hash)


def _weather_storm(connection: Connection, request: api.OpenSession, *, kit: Kit, now: datetime) -> None:
    """Asks the address alone, so that nobody learns from the answer which identifiers exist (K13)."""
    address = request.session.remote_address
    if not limits.is_storm(connection, kit.rules, now=now):
        return
    if known_addresses.is_known(connection, address, since=now - kit.rules.address_known_for):
        return
    if not robot.spend(connection, request.solved, now=now):
        raise RobotRequired


def _may_log_in(account: Row[Any], now: datetime) -> bool:
    if account.state in WITH_PROVISIONAL_CREDENTIALS:
        return account.provisional_expires_at is not None and account.provisional_expires_at > now
    return account.state == "active"


def finish_login(
    connection: Connection, request: api.OpenSession, candidate: Candidate, *, proof: Proof, kit: Kit, now: datetime
) -> api.Session | None:
    """Open the session, or note the failure and return None.

    The account is looked at again: it may have changed while its password was compared.
    """
    account = accounts.lock_account(connection, candidate.account_id) if candidate.account_id else None
    unchanged = account is not None and account.password_hash == candidate.password_hash and _may_log_in(account, now)
    address = request.session.remote_address
    if account is None or not proof.matches or not unchanged:
        who = {"account_id": candidate.account_id, "actor": audit.ANONYMOUS, "remote_address": address}
        audit.note(connection, "login", at=now, succeeded=False, **who)
        limits.count_everywhere(connection, now=now)
        return None
    limits.went_well(connection, limits.of_login(account.identifier_key, address, kit.rules), now=now)
    links.void(connection, account.id, links.RESET_PASSWORD, now=now)  # who logs in has found the password again (K7)
    if proof.better_hash:
        accounts.change_account(connection, account.id, password_hash=proof.better_hash)
    audit.note(connection, "login", at=now, account_id=account.id, remote_address=address)
    return open_for(connection, account, request.session, kit=kit, now=now)


def abandon_login(connection: Connection, request: api.OpenSession, *, kit: Kit, counted_at: datetime) -> None:
    """The caller's deadline has passed: the attempt that `begin_login` counted then says nothing of the person.

    Nor has a guesser learned anything by it.
    """
    key = domain.identifier_key(request.identifier)
    subjects = limits.of_login(key, request.session.remote_address, kit.rules)
    limits.never_mind(connection, subjects, counted_at=counted_at)


def open_for(
    connection: Connection, account: Row[Any], session: api.NewSession, *, kit: Kit, now: datetime
) -> api.Session:
    """A fresh session of *account*, on the employer that it reached first."""
    idle, absolute = domain.session_expiry(kit.rules, now, now)
    store.add(
        connection,
        id=uuid4(),
        token_hash=session.token_hash,
        account_id=account.id,
        siret=accounts.employer_of(connection, account.id).siret,
        opened_at=now,
        last_seen_at=now,
        idle_expires_at=idle,
        absolute_expires_at=absolute,
        previous_login_at=account.last_login_at,
        remote_address=session.remote_address,
        user_agent=session.user_agent.replace("\x00", ""),
    )
    accounts.change_account(connection, account.id, last_login_at=now)
    known_addresses.remember(connection, session.remote_address, now=now)
    return answer(live(connection, session.token_hash, kit=kit, now=now))


def live(connection: Connection, token_hash: str, *, kit: Kit, now: datetime) -> Row[Any]:
    """The live session behind the token. Raises SessionInvalid."""
    row = store.live(connection, token_hash, policy=kit.rules.required_policy_version, now=now)
    if row is None:
        raise SessionInvalid
    return row


def answer(row: Row[Any]) -> api.Session:
    """The session as the contract states it."""
    values = {name: value for name, value in row._mapping.items() if name in api.Session.model_fields}
    return api.Session(masked_contact_email=domain.masked_email(row.contact_email), **values)


def check_session(connection: Connection, token_hash: str, *, kit: Kit, now: datetime) -> api.Session:
    """The session, its idle time starting anew. Raises SessionInvalid."""
    row = live(connection, token_hash, kit=kit, now=now)
    if now - row.last_seen_at < TOUCH_EVERY:
        return answer(row)
    idle, _ = domain.session_expiry(kit.rules, row.opened_at, now)
    store.touch(connection, row.session_id, now=now, idle_expires_at=idle)
    return answer(row).model_copy(update={"idle_expires_at": idle})


def close_session(connection: Connection, token_hash: str, *, now: datetime) -> None:
    """Log out; a session that is not there any more is none to end."""
    row = store.end(connection, token_hash, now=now)
    if row is None:
        return
    ended = api.SessionEnded(account_id=row.account_id, siret=row.siret, token_hash=token_hash)
    outbox.publish(connection, ended, subject=row.siret, at=now)
    audit.note(connection, "logout", at=now, account_id=row.account_id, siret=row.siret)


def list_own(connection: Connection, token_hash: str, *, kit: Kit, now: datetime) -> api.OwnSessions:
    """The live sessions of the caller's account, the latest opened first. Raises SessionInvalid."""
    current = live(connection, token_hash, kit=kit, now=now)
    rows = store.live_of_account(connection, current.account_id, now=now)
    return api.OwnSessions(
        sessions=tuple(
            api.OwnSession(
                session_id=row.id,
                current=row.id == current.session_id,
                opened_at=row.opened_at,
                last_seen_at=row.last_seen_at,
                remote_address=row.remote_address,
                user_agent=row.user_agent,
            )
            for row in rows
        )
    )


def end_own(connection: Connection, request: api.EndOwnSessions, *, kit: Kit, now: datetime) -> Done:
    """End the named session of the caller's account, or all but the caller's. Raises SessionInvalid, NotFound."""
    current = live(connection, request.token_hash, kit=kit, now=now)
    own = store.live_of_account(connection, current.account_id, now=now)
    if request.session_id is None:
        wanted = [row for row in own if row.id != current.session_id]
    else:
        wanted = [row for row in own if row.id == request.session_id]
        if not wanted:
            raise NotFound
    for row in wanted:
        close_session(connection, row.token_hash, now=now)
    return Done()


def end_all(connection: Connection, account_id: UUID, siret: str, *, now: datetime) -> None:
    """End every session of the account, wherever it was opened."""
    if store.end_all(connection, account_id, now=now):
        outbox.publish(connection, api.SessionEnded(account_id=account_id, siret=siret), subject=siret, at=now)
