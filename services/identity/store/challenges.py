"""Challenges of the robot box that were used: shared by replicas, so that none serves twice (K14)."""

from datetime import datetime

from sqlalchemy import Connection
from sqlalchemy.dialects.postgresql import insert

from services.identity.models import spent_challenges


def spend(connection: Connection, digest: str, *, expires_at: datetime) -> bool:
    """Use the challenge up; of many at a time exactly one gets True."""
    fresh = insert(spent_challenges).values(digest=digest, expires_at=expires_at)
    added = fresh.on_conflict_do_nothing().returning(spent_challenges.c.digest)
    return connection.execute(added).one_or_none() is not None
