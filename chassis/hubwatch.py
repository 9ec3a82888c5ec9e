"""Whether something keeps eventlet's hub from its other work: the longest gap between two ticks of a green thread (R17).

While one green thread computes, no other call of the process goes on and no heartbeat leaves (trap 6).
"""

import time
from collections.abc import Callable

import eventlet

TICK = 0.02  # seconds: also the gap of a hub that nothing holds up
WINDOW = 30.0  # seconds; a gap is told for one window at least and for two at most


class Ticks:
    """The longest gap between two calls of `tick`, in seconds, over the last one to two windows."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic, window: float = WINDOW) -> None:
        self._clock, self._window = clock, window
        self._last = self._began = clock()
        self._before = self._now = 0.0

    def tick(self) -> None:
        """The hub has come round."""
        now = self._clock()
        if now - self._began >= self._window:
            self._before, self._now, self._began = self._now, 0.0, now
        self._now = max(self._now, now - self._last)
        self._last = now

    def longest(self) -> float:
        """The gap that is still open counts too."""
        return max(self._before, self._now, self._clock() - self._last)


class HubWatch:
    """A green thread that ticks; each process has one, see `start`."""

    def __init__(self) -> None:
        self._ticks: Ticks | None = None

    def start(self) -> None:
        """Ticks from now on; once is enough."""
        if self._ticks is None:
            self._ticks = Ticks()
            eventlet.spawn_n(self._run, self._ticks)

    @staticmethod
    def _run(ticks: Ticks) -> None:
        while True:
            eventlet.sleep(TICK)
            ticks.tick()

    def longest_gap_seconds(self) -> float:
        """Zero before `start`."""
        return self._ticks.longest() if self._ticks is not None else 0.0


_watch = HubWatch()
start = _watch.start
longest_gap_seconds = _watch.longest_gap_seconds
