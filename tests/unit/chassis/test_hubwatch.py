"""The hub's longest tick gap: what a metric shows and an alarm hears (R17)."""

import time

import eventlet

from chassis.hubwatch import HubWatch
from chassis.ticks import TICK, Ticks


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def ticked(clock: Clock, ticks: Ticks, *gaps: float) -> None:
    for gap in gaps:
        clock.now += gap
        ticks.tick()


def test_r17_longest_gap_is_told() -> None:
    clock = Clock()
    ticks = Ticks(clock=clock)
    ticked(clock, ticks, 0.02, 0.35, 0.02)
    assert round(ticks.longest(), 3) == 0.35


def test_r17_gap_that_is_still_open_counts() -> None:
    clock = Clock()
    ticks = Ticks(clock=clock)
    ticked(clock, ticks, 0.02)
    clock.now += 4
    assert round(ticks.longest(), 3) == 4


def test_r17_gap_is_told_for_a_window_and_forgotten_after_two() -> None:
    clock = Clock()
    ticks = Ticks(clock=clock, window=10)
    ticked(clock, ticks, 0.5, *[0.1] * 95)
    assert round(ticks.longest(), 3) == 0.5
    ticked(clock, ticks, *[0.1] * 60)
    assert round(ticks.longest(), 3) == 0.5, "it happened within the window before this one"
    ticked(clock, ticks, *[0.1] * 60)
    assert round(ticks.longest(), 3) == 0.1


def test_r17_green_thread_that_computes_shows() -> None:
    watch = HubWatch()
    assert watch.longest_gap_seconds() == 0
    watch.start()
    eventlet.sleep(3 * TICK)
    quiet = watch.longest_gap_seconds()
    began = time.perf_counter()
    while time.perf_counter() - began < quiet + 0.1:
        pass
    eventlet.sleep(2 * TICK)
    assert watch.longest_gap_seconds() >= quiet + 0.1
