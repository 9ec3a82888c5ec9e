"""`clock` of a service, and the loop that keeps it at the database's time."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import eventlet
import structlog

from chassis.bus.incidents import OUTAGES
from chassis.loops import Loop

log = structlog.get_logger()

EVERY = 30.0  # seconds between two readings
START_SECONDS = 3.0  # how long a start waits for the first one


class Clock(Loop):
    """`self.clock()`: the present instant by the database's clock, aware, in UTC; it costs no trip to the database."""

    def setup(self) -> None:
        """Reads once before the first call can come; a process also starts while its database is away."""
        super().setup()
        try:
            with eventlet.Timeout(START_SECONDS, TimeoutError):
                self.run_once()
        except OUTAGES as exc:
            log.warning("clock_not_read", reason=type(exc).__name__)

    def run_once(self) -> float:
        """One reading."""
        with self.database.work() as connection:
            self.shared_clock.clock.read(connection)
        return EVERY

    def get_dependency(self, worker_ctx: Any) -> Callable[[], datetime]:  # type: ignore[override]  # not the loop
        """The function that methods call."""
        return self.shared_clock.now
