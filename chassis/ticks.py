"""The longest gap between two turns of an event loop, eventlet's or asyncio's (R17)."""

import time
from collections.abc import Callable

TICK = 0.02  # seconds: also the gap of a loop that nothing holds up
WINDOW = 30.0  # seconds; a gap is told for one window at least and for two at most


class Ticks:
    """The longest gap between two calls of `tick`, in seconds, over the last one to two windows."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic, window: float = WINDOW) -> None:
        self._clock, self._window = clock, window
        self._last = self._began = clock()
        self._before = self._now = 0.0

    def tick(self) -> None:
        """The loop has come round."""
        now = self._clock()
        if now - self._began >= self._window:
            self._before, self._now, self._began = self._now, 0.0, now
        self._now = max(self._now, now - self._last)
        self._last = now

    def longest(self) -> float:
        """The gap that is still open counts too."""
        return max(self._before, self._now, self._clock() - self._last)
