"""Counters of attempts under logins at a time (K12)."""

from datetime import UTC, datetime

from sqlalchemy.exc import OperationalError

from services.identity.store import attempts

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SUBJECT = "address:192.0.2.1"


class Meddled:
    """A connection; after each statement another login tries to clear the counter."""

    def __init__(self, connection, database):
        self._connection, self._database = connection, database
        self.kept_out = 0

    def execute(self, *statement):
        result = self._connection.execute(*statement)
        try:
            with self._database.work() as other:
                other.exec_driver_sql("set local lock_timeout = '100ms'")
                attempts.clear(other, SUBJECT)
        except OperationalError:
            self.kept_out += 1
        return result


def test_k12_a_counter_is_held_from_its_first_statement_on(identity_db):
    with identity_db.work() as connection:
        attempts.add_one(connection, SUBJECT, now=NOW)
    with identity_db.work() as connection:
        meddled = Meddled(connection, identity_db)
        assert attempts.lock(meddled, SUBJECT, now=NOW).failures == 1
    assert meddled.kept_out == 1
