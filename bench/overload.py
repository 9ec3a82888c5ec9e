"""`make bench NAME=overload`: ten times as many callers as a process takes at its best: goodput, memory, quick refusals (R16).

The real gateway over a service whose calls take a while, as those to a database do. A caller who is refused comes again
after a second, five times sooner than it is told to.
"""

import asyncio
import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field

import aiohttp

from bench import private_broker, results_file
from bench.gateway import PATH, declare_exchanges, free_port, wait_until_answered
from bench.processes import resident, started

CALLERS, TIMES, SECONDS = 32, 10, 10.0
# How long a call takes, and how many requests the gateway holds: waiting alone in the first, CPU above all in the second.
SETTINGS = {"slow": (2.0, 48), "quick": (0.05, 64)}
AGAIN_AFTER = 1.0  # seconds
GOODPUT_GOAL, MEMORY_MIB, LATE_SECONDS = 0.8, 64.0, 6.0  # the deadline of a call is 5 s


@dataclass
class Seen:
    """What the callers of one load saw."""

    answers: Counter[int] = field(default_factory=Counter)
    latest: float = 0.0  # seconds until the slowest answer
    without_retry_after: int = 0
    goodput: float = 0.0  # answers with content a second


async def load(address: str, callers: int) -> Seen:
    """*callers* ask one after the other for SECONDS."""
    seen, ends = Seen(), time.monotonic() + SECONDS
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector, cookies={"session": "s" * 43}) as client:

        async def ask() -> None:
            while (began := time.monotonic()) < ends:
                async with client.get(address) as answer:
                    await answer.read()
                seen.answers[answer.status] += 1
                seen.latest = max(seen.latest, time.monotonic() - began)
                if answer.status != 200:
                    seen.without_retry_after += "Retry-After" not in answer.headers
                    await asyncio.sleep(AGAIN_AFTER)

        await asyncio.gather(*(ask() for _ in range(callers)))
    seen.goodput = seen.answers[200] / SECONDS
    return seen


async def measure(address: str, pids: list[int]) -> tuple[Seen, Seen, float]:
    """The best, and ten times as many callers; by how many MiB a process grew at most, from before the first of them."""
    async with aiohttp.ClientSession(cookies={"session": "s" * 43}) as client:
        await wait_until_answered(client, address)
    before = {pid: resident(pid) for pid in pids}
    await load(address, CALLERS)
    peak, over = await load(address, CALLERS), await load(address, CALLERS * TIMES)
    return peak, over, max(resident(pid, "VmHWM") - size for pid, size in before.items())


def main() -> None:
    """Measure each setting, print, keep the result."""
    with private_broker.running() as amqp_url:
        declare_exchanges(amqp_url)
        found = [line for name, setting in SETTINGS.items() for line in of_setting(amqp_url, name, *setting)]
    results_file.write("overload", found)


def of_setting(amqp_url: str, name: str, call_seconds: float, most_requests: int) -> list[dict[str, object]]:
    """Fresh processes under both loads."""
    with ExitStack() as stack:
        chosen = {"BENCH_CALL_SECONDS": str(call_seconds), "GATEWAY_MOST_REQUESTS": str(most_requests)}
        service = started(stack, "-m", "bench.gateway_servers", "services", amqp_url, "0", environment=chosen)
        port = free_port()
        gateway = started(stack, "-m", "bench.gateway_servers", "ours", amqp_url, str(port), environment=chosen)
        address = f"http://127.0.0.1:{port}{PATH}"
        peak, over, memory = asyncio.run(measure(address, [gateway.pid, service.pid]))
    answers = ", ".join(f"{status}: {count}" for status, count in sorted(over.answers.items()))
    return lines(f"overload_{name}", peak, over, memory=memory, answers=answers)


def lines(name: str, peak: Seen, over: Seen, *, memory: float, answers: str) -> list[dict[str, object]]:
    """Goodput against the best, memory and the slowest answer against their bounds."""
    bound = {"reference_name": "the bound that was set", "goal": 1.0, "rounds": 1}
    each, best = (round(1000 / max(seen.goodput, 0.01), 2) for seen in (over, peak))
    refused_badly = over.without_retry_after + sum(n for status, n in over.answers.items() if status not in (200, 503))
    return [
        results_file.compared(
            f"{name}_goodput",
            f"an answer at ten times the callers; answers {answers}; refused without Retry-After or otherwise: {refused_badly}",
            unit="ms",
            ours=each,
            reference=best,
            reference_name="at its best",
            goal=GOODPUT_GOAL if not refused_badly else float("inf"),
            rounds=1,
        ),
        results_file.compared(
            f"{name}_memory",
            "growth from before the load to its highest, gateway or service",
            unit="MiB",
            ours=max(round(memory, 1), 0.1),
            reference=MEMORY_MIB,
            **bound,
        ),
        results_file.compared(
            f"{name}_slowest",
            "the slowest answer",
            unit="s",
            ours=round(over.latest, 2),
            reference=LATE_SECONDS,
            **bound,
        ),
    ]


if __name__ == "__main__":
    main()
