"""Growing delays after failures, per identifier, per account and per address; never a lockout (K12)."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from math import ceil
from typing import Any, NamedTuple
from uuid import UUID

from espace_contracts.errors import TooManyAttempts
from sqlalchemy import Connection, Row

from services.identity.domain import Delays, Rules
from services.identity.store import attempts

STORM_MINUTES = 10


class Subject(NamedTuple):
    """Something whose failures are counted, under a name that says nothing of a person."""

    name: str
    delays: Delays


def of_login(identifier_key: str, remote_address: str, rules: Rules) -> tuple[Subject, Subject]:
    """The identifier, whether anybody has it or not, and the address. Always locked in this order."""
    digest = sha256(identifier_key.encode()).hexdigest()
    return Subject(f"identifier:{digest}", rules.account_delays), _address(remote_address, rules)


def of_confirmation(account_id: UUID, remote_address: str, rules: Rules) -> tuple[Subject, Subject]:
    """The account whose link is followed, and the address."""
    return Subject(f"confirmation:{account_id}", rules.account_delays), _address(remote_address, rules)


def of_choice(account_id: UUID, rules: Rules) -> Subject:
    """The account whose holder looks for an identifier that nobody has yet."""
    return Subject(f"choice:{account_id}", rules.account_delays)


def of_forgotten(kind: str, key: str, remote_address: str, rules: Rules) -> tuple[Subject, Subject]:
    """What somebody has forgotten (the identifier's password, the address's identifier), and the address."""
    digest = sha256(key.encode()).hexdigest()
    return Subject(f"forgotten {kind}:{digest}", rules.account_delays), _address(remote_address, rules)


def _address(remote_address: str, rules: Rules) -> Subject:
    return Subject(f"address:{remote_address}", rules.address_delays)


def count(connection: Connection, subjects: Sequence[Subject], *, now: datetime) -> None:
    """Count an attempt as failed, in advance. Raises TooManyAttempts, and counts nothing, while a delay runs."""
    attempts.forget(connection, before=now - max(subject.delays.forgotten_after for subject in subjects))
    for subject in subjects:
        known = attempts.lock(connection, subject.name, now=now)
        _refuse_while_delayed(known, subject.delays, now)
        _record(connection, subject, known, now)


def count_failure(connection: Connection, subjects: Sequence[Subject], *, now: datetime) -> None:
    """Count a failure that has happened, whatever delay another one has started meanwhile."""
    for subject in subjects:
        _record(connection, subject, attempts.lock(connection, subject.name, now=now), now)


def _record(connection: Connection, subject: Subject, known: Row[Any], now: datetime) -> None:
    failures = 1 + (0 if now - known.last_at > subject.delays.forgotten_after else known.failures)
    blocked_until = now + subject.delays.after(failures)
    attempts.record(connection, subject.name, failures=failures, blocked_until=blocked_until, now=now)


def refuse_while_delayed(connection: Connection, subjects: Sequence[Subject], *, now: datetime) -> None:
    """Raises TooManyAttempts while the delay of a subject runs."""
    for subject in subjects:
        if known := attempts.find(connection, subject.name):
            _refuse_while_delayed(known, subject.delays, now)


def count_everywhere(connection: Connection, *, now: datetime) -> None:
    """One more login has failed somewhere. Called last: until the commit it holds a counter that all share."""
    attempts.add_one(connection, _minute(now), now=now)


def is_storm(connection: Connection, rules: Rules, *, now: datetime) -> bool:
    """Whether so many logins fail, wherever, that somebody must be guessing from many addresses at once (K12)."""
    minutes = [_minute(now - timedelta(minutes=back)) for back in range(STORM_MINUTES)]
    return attempts.total(connection, minutes) >= rules.storm_failures


def _minute(now: datetime) -> str:
    return f"everywhere:{now.astimezone(UTC):%Y-%m-%dT%H:%M}"


def went_well(connection: Connection, subjects: tuple[Subject, Subject], *, now: datetime) -> None:
    """After a failure counted in advance: the first subject starts afresh, the shared address has one less."""
    attempts.clear(connection, subjects[0].name)
    attempts.take_back(connection, subjects[1].name, now=now)


def never_mind(connection: Connection, subjects: Sequence[Subject], *, counted_at: datetime) -> None:
    """Take back what was counted in advance at that instant: its caller had gone before there was an answer."""
    for subject in subjects:
        attempts.never_mind(connection, subject.name, counted_at=counted_at)


def _refuse_while_delayed(known: Row[Any], delays: Delays, now: datetime) -> None:
    """Without a delay the instant says nothing: another replica's clock may be a little ahead of ours."""
    if delays.after(known.failures) and known.blocked_until > now:
        seconds = ceil((known.blocked_until - now).total_seconds())
        raise TooManyAttempts("wait before the next attempt", str(seconds))
