"""Deadlines by the clock of who is called: neither side's clock need be right, nor the same as the other's (R19).

A deadline is an instant, since a process that was frozen with a request in its buffer can tell by nothing else that it
comes too late. Each reply tells the callee's time; from it the caller learns how far that is from its own.
"""

import time
from collections.abc import Callable
from typing import Any

from espace_contracts.errors import DeadlineExceeded

MILLISECOND = 0.001  # seconds: what a time that was told has lost by being rounded down


class Deadlines:
    """What time it is at each service, as far as its replies have told; before the first one, as here."""

    def __init__(
        self, *, wall: Callable[[], float] = time.time, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._wall, self._monotonic = wall, monotonic
        self._ahead: dict[str, float] = {}  # Unix time of a service less our monotonic time, in seconds

    def now(self) -> float:
        """Our monotonic time, in seconds."""
        return self._monotonic()

    def header(self, service: str, until: float) -> int:
        """The header `deadline` for *until* (as `now` tells time): Unix time of *service*, in milliseconds."""
        if service not in self._ahead:
            self._ahead[service] = self._wall() - self._monotonic()
        return int((until + self._ahead[service]) * 1000)

    def learn(self, service: str, told: object, *, sent: float) -> None:
        """A call sent at *sent* has just come back, and said that it was *told* (Unix time in milliseconds) there.

        It was so at some moment in between: what we believed stays where that allows it, else it moves no further than
        needed. So calls that take long teach little, and clocks that agree are left alone.
        """
        if not isinstance(told, int) or isinstance(told, bool):  # a service of the first release says nothing
            return
        there = told / 1000
        believed = self._ahead.get(service, self._wall() - self._monotonic())
        self._ahead[service] = min(max(believed, there - self._monotonic()), there - sent + MILLISECOND)


def came_too_late(reply: dict[str, Any]) -> bool:
    """Whether the request was refused because its deadline had passed: nothing was changed."""
    error = reply.get("error")
    return isinstance(error, dict) and error.get("code") == DeadlineExceeded.code
