"""Dropping rows that are over, a bounded number at a time."""

from datetime import datetime

from sqlalchemy import Connection, text


def _statement(table: str, key: str, over: str) -> str:
    return (
        f"delete from {table} where {key} in"  # noqa: S608 - words of this module only
        f" (select {key} from {table} where {over} limit :at_once for update skip locked)"
    )


STATEMENTS = {
    "sessions": text(_statement("sessions", "id", "least(ended_at, absolute_expires_at) < :before")),
    "links": text(_statement("links", "id", "expires_at < :before")),
    "mails": text(_statement("mails", "id", "settled_at < :before")),
    "arrivals": text(
        _statement(
            "payment_arrivals", "payment_number", "heard_at < :before and (settled_at is not null or due_at is null)"
        )
    ),
    "counters": text(_statement("login_attempts", "subject", "last_at < :counters_before and blocked_until < :now")),
    "addresses": text(_statement("known_addresses", "remote_address", "seen_at < :addresses_before")),
    "challenges": text(_statement("spent_challenges", "digest", "expires_at < :now")),
}


def drop(
    connection: Connection, *, before: datetime, now: datetime, at_once: int, **others: datetime
) -> dict[str, int]:
    """How many rows of each kind went, *at_once* of each at most; *others* is counters_before, addresses_before."""
    values = {"before": before, "now": now, "at_once": at_once, **others}
    dropped = {}
    for name, statement in STATEMENTS.items():
        used = {key: value for key, value in values.items() if f":{key}" in statement.text}
        dropped[name] = connection.execute(statement, used).rowcount
    return dropped
