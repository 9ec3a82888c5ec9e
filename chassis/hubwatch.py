"""Whether something keeps eventlet's hub from its other work: the longest gap between two ticks of a green thread (R17).

While one green thread computes, no other call of the process goes on and no heartbeat leaves (trap 6).
"""

import eventlet

from chassis.ticks import TICK, Ticks


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
