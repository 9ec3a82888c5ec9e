"""The time of a service: the database's, so that neither a step of the host's clock nor another replica's matters (R19)."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import structlog
from sqlalchemy import Connection, text

log = structlog.get_logger()

READ = text("select clock_timestamp()")
LONGEST_TRIP = 1.0  # seconds; where an answer took longer nobody knows when it was true
JITTER = timedelta(seconds=5)  # what readings and two clocks' speed may differ by


def utc_now() -> datetime:
    """The present instant by the host's clock, aware, in UTC."""
    return datetime.fromtimestamp(time.time(), UTC)


class DatabaseClock:
    """The database's time when it was last read, and the monotonic time since then; it never goes back.

    Before the first reading it starts from the host's clock, whose later steps do not matter either.
    """

    def __init__(
        self, *, wall: Callable[[], datetime] = utc_now, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._monotonic = monotonic
        self._was, self._at = wall(), monotonic()  # an instant, and the monotonic time at which it was true
        self._latest = self._was
        self._read = False

    def now(self) -> datetime:
        """The present instant, aware, in UTC."""
        self._latest = max(self._latest, self._told())
        return self._latest

    def _told(self) -> datetime:
        return self._was + timedelta(seconds=self._monotonic() - self._at)

    def read(self, connection: Connection) -> None:
        """Follow the database that *connection* leads to. Raises what a statement raises."""
        before = self._monotonic()
        told = connection.execute(READ).scalar_one()
        after = self._monotonic()
        self.follow(told, trip=after - before, at=(before + after) / 2)

    def follow(self, told: datetime, *, trip: float, at: float) -> None:
        """The database said *told* at *at* (monotonic), in an answer that took *trip* seconds.

        The first reading counts whatever it says. Later ones correct; one that would take what is over back to life, as
        after the database's own clock was set back, does not.
        """
        ahead = self._was + timedelta(seconds=at - self._at) - told
        if abs(ahead) <= timedelta(seconds=trip / 2):  # it may have been said when we thought so
            self._read = True
            return
        if not self._read:
            self._was, self._at, self._read = told, at, True
            self._latest = self._told()
            return
        if trip > LONGEST_TRIP:
            return
        if ahead > JITTER:
            log.warning("database_clock_went_back", seconds=round(ahead.total_seconds(), 1))
            return
        self._was, self._at = told, at
