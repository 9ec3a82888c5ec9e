"""Do the servers that a process needs answer? Asked beside the work, every few seconds, within a bound.

`/readyz` shows what was found last and how old that is; it asks nobody itself, so that it cannot hang.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

import eventlet
import structlog
from sqlalchemy import text

from chassis import metrics
from chassis.bus.probe import BrokerProbe
from chassis.database import SharedDatabase
from chassis.loops import Loop

log = structlog.get_logger()

EVERY = 5.0  # seconds between two looks
CHECK_SECONDS = 3.0  # bound of one look at one server
STALE_SECONDS = 30.0  # what nobody has looked at for so long is not believed


class TooSlow(Exception):
    """No answer within the bound."""


@runtime_checkable
class Checked(Protocol):
    """A dependency of a service that knows how to ask its server for a sign of life."""

    dependency: str  # its name on the page
    needed: bool  # whether the process is of no use without
    check_every: float  # seconds

    def check(self) -> None:
        """Returns when the server answers, raises whatever is wrong otherwise."""


@dataclass
class State:
    """What is known of one server. Times are monotonic."""

    name: str
    needed: bool
    every: float
    check: Callable[[], None]
    up: bool | None = None
    since: float = field(default_factory=time.monotonic)
    checked: float | None = None
    reason: str = ""

    def look(self) -> None:
        """Ask, within the bound, and note the answer; a change is logged."""
        try:
            with eventlet.Timeout(CHECK_SECONDS, TooSlow):
                self.check()
        except Exception as exc:
            self._note(False, type(exc).__name__)
        else:
            self._note(True, "")

    def _note(self, up: bool, reason: str) -> None:
        self.checked = time.monotonic()
        if up is not self.up:
            self.up, self.since = up, self.checked
            log.log(20 if up else 30, "dependency_up" if up else "dependency_down", dependency=self.name, reason=reason)
        self.reason = reason
        metrics.DEPENDENCY_UP.labels(self.name).set(up)

    def is_due(self) -> bool:
        """Whether it is time to ask again; a server that was away is asked again soon."""
        return self.checked is None or not self.up or time.monotonic() - self.checked >= self.every

    def usable(self) -> bool:
        """Whether it answered, and not too long ago."""
        fresh = self.checked is not None and time.monotonic() - self.checked < self.every + STALE_SECONDS
        return bool(self.up) and fresh

    def shown(self) -> dict[str, Any]:
        """For the page: no address, no text of an error."""
        now = time.monotonic()
        state = "unknown" if self.up is None else "up" if self.up else "down"
        return {
            "state": state,
            "needed": self.needed,
            "for_seconds": round(now - self.since, 1),
            "checked_seconds_ago": None if self.checked is None else round(now - self.checked, 1),
        } | ({"reason": self.reason} if self.reason else {})


class Readiness(Loop):
    """`self.readiness` of a service: looks at the broker, the database, and every dependency that is `Checked`."""

    shared_database = SharedDatabase()
    probe = BrokerProbe()

    def setup(self) -> None:
        """Nothing is known yet."""
        super().setup()
        self.states = [
            State("broker", True, EVERY, self.probe.check),
            State("database", True, EVERY, self._ask_database),
            *(
                State(one.dependency, one.needed, one.check_every, one.check)
                for one in self.container.dependencies
                if isinstance(one, Checked)
            ),
        ]

    def run_once(self) -> float:
        """One look at all that are due, side by side."""
        looking = [eventlet.spawn(state.look) for state in self.states if state.is_due()]
        for one in looking:
            one.wait()
        return EVERY

    def _ask_database(self) -> None:
        with self.database.work() as connection:
            connection.execute(text("select 1"))

    def report(self) -> tuple[dict[str, Any], bool]:
        """What the page shows, and whether the process can do its work."""
        return shown(self.container.service_name, self.states)


def shown(process: str, states: list[State]) -> tuple[dict[str, Any], bool]:
    """The page of *states*: ready, degraded (something is away that the process can do without for a while), unready."""
    ready = all(state.usable() for state in states if state.needed)
    status = "unready" if not ready else "ready" if all(state.usable() for state in states) else "degraded"
    return {
        "status": status,
        "process": process,
        "dependencies": {state.name: state.shown() for state in states},
    }, ready
