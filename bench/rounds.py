"""Timing side by side: the candidates take turns call by call, so that a busy machine is equally unkind to all."""

import statistics
import time
from collections.abc import Callable, Mapping

Work = Callable[[int], object]
WARM_UP = 10  # calls; psycopg prepares a statement at its sixth


def medians(candidates: Mapping[str, Work], *, rounds: int, calls: int) -> dict[str, float]:
    """Milliseconds of one call of each candidate: the median over *rounds* of each round's median of *calls*."""
    for work in candidates.values():
        for place in range(WARM_UP):
            work(place)
    found: dict[str, list[float]] = {name: [] for name in candidates}
    for _ in range(rounds):
        for name, median in _one_round(candidates, calls).items():
            found[name].append(median)
    return {name: round(statistics.median(values), 4) for name, values in found.items()}


def _one_round(candidates: Mapping[str, Work], calls: int) -> dict[str, float]:
    times: dict[str, list[float]] = {name: [] for name in candidates}
    for place in range(calls):
        for name, work in candidates.items():
            began = time.perf_counter()
            work(place)
            times[name].append(time.perf_counter() - began)
    return {name: statistics.median(values) * 1000 for name, values in times.items()}
