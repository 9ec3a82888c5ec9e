"""Background work of a process: a loop that is woken or waits, and that no error ends."""

from datetime import datetime
from typing import Any

import eventlet
import structlog
from eventlet.event import Event
from nameko.extensions import DependencyProvider, SharedExtension

from chassis import metrics
from chassis.clock import DatabaseClock
from chassis.database import Database, SharedDatabase

log = structlog.get_logger()

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 15.0  # seconds after an error, doubled each time


class SharedClock(SharedExtension):
    """One clock a process, for its calls and its loops."""

    def __init__(self) -> None:
        self.clock = DatabaseClock()

    def now(self) -> datetime:
        """The present instant, aware, in UTC."""
        return self.clock.now()


class Loop(DependencyProvider):
    """Subclass it, write `run_once`, and declare it on the service like any dependency.

    The service's methods get the loop itself, so that they can `wake()` it after their transaction.
    """

    shared_database = SharedDatabase()
    shared_clock = SharedClock()
    side_by_side = 1  # rounds that may run at a time; more of them only where each takes its work by a claim

    @property
    def database(self) -> Database:
        """The service's database."""
        return self.shared_database.database

    def clock(self) -> datetime:
        """The present instant by the database's clock, aware, in UTC; tests put another in its place."""
        return self.shared_clock.now()

    def setup(self) -> None:
        """Reads the settings; nothing connects yet."""
        self.settings = self.container.config["settings"]
        self._woken = Event()
        self._stopping = False

    def start(self) -> None:
        """Starts the loop beside the workers."""
        self._threads = [eventlet.spawn(self._run) for _ in range(self.side_by_side)]

    def stop(self) -> None:
        """Ends after the round that is running."""
        self._stopping = True
        self.wake()
        with eventlet.Timeout(10, False):
            for thread in self._threads:
                thread.wait()
        for thread in self._threads:
            thread.kill()

    def get_dependency(self, worker_ctx: Any) -> "Loop":
        """The loop, to wake it."""
        return self

    def wake(self) -> None:
        """Run the next round now."""
        if not self._woken.ready():
            self._woken.send(None)

    def run_once(self) -> float:
        """One round; the seconds to wait before the next one."""
        raise TypeError(f"{type(self).__name__} has no run_once")

    def _run(self) -> None:
        pause = FIRST_PAUSE
        while not self._stopping:
            try:
                wait, pause = self.run_once(), FIRST_PAUSE
            except Exception as exc:
                metrics.LOOP_FAILURES.labels(type(self).__name__).inc()
                log.warning("loop_failed", loop=type(self).__name__, reason=type(exc).__name__, exc_info=True)
                wait, pause = pause, min(pause * 2, LONGEST_PAUSE)
            self._sleep(wait)

    def _sleep(self, seconds: float) -> None:
        woken = self._woken
        with eventlet.Timeout(max(seconds, 0.001), False):
            woken.wait()
        if woken is self._woken:  # else another round that was woken with this one has renewed it
            self._woken = Event()
