"""`make bench NAME=gateway`: GET, one call over the bus, JSON; 32 connections, by the CPU of the process that speaks HTTP.

The real gateway beside nameko's HTTP entrypoint and beside FastAPI with a plain aio-pika client; the floor is FastAPI
that asks nobody. All answer the same page of payments, asked of the same service, and take turns within each round.
"""

import asyncio
import socket
import statistics
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import kombu

from bench import private_broker, results_file
from bench.gateway_servers import ANSWER
from bench.processes import cpu_seconds, started
from chassis.topology import RPC_EXCHANGE, delivery_exchange

ROUNDS, REQUESTS, CONNECTIONS, WARM_UP = 5, 640, 32, 160
PATIENCE = 60  # seconds for a server to answer
CPU_GOAL = 330.0  # microseconds
PATH = "/api/v1/payments"
CANDIDATES = ("ours", "nameko_http", "aio_pika", "floor")
GOALS = {"nameko_http": (2.8, "nameko's HTTP entrypoint"), "aio_pika": (1.0, "FastAPI + plain aio-pika client")}


@dataclass
class Found:
    """What the rounds of one candidate gave."""

    cpu: list[float] = field(default_factory=list)  # microseconds a request
    rate: list[float] = field(default_factory=list)  # requests a second
    p99: list[float] = field(default_factory=list)  # milliseconds


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def many(client: aiohttp.ClientSession, address: str, count: int) -> list[float]:
    """Milliseconds of each of *count* requests, CONNECTIONS of them under way."""
    numbers, times = iter(range(count)), []

    async def one_after_the_other() -> None:
        for _ in numbers:
            began = time.perf_counter()
            async with client.get(address) as answer:
                assert answer.status == 200, answer.status
                assert await answer.read()
            times.append((time.perf_counter() - began) * 1000)

    await asyncio.gather(*(one_after_the_other() for _ in range(CONNECTIONS)))
    return times


async def wait_until_answered(client: aiohttp.ClientSession, address: str) -> None:
    """Until the whole way through the bus works. Raises TimeoutError."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            async with client.get(address, timeout=aiohttp.ClientTimeout(total=8)) as answer:
                if answer.status == 200:
                    return
        except (aiohttp.ClientError, TimeoutError):
            await asyncio.sleep(0.3)
    raise TimeoutError(address)


async def measure(ports: dict[str, int], pids: dict[str, int]) -> dict[str, Found]:
    """All rounds."""
    found = {name: Found() for name in ports}
    addresses = {name: f"http://127.0.0.1:{port}{PATH}" for name, port in ports.items()}
    connector = aiohttp.TCPConnector(limit_per_host=CONNECTIONS)
    async with aiohttp.ClientSession(connector=connector, cookies={"session": "s" * 43}) as client:
        for address in addresses.values():
            await wait_until_answered(client, address)
            await many(client, address, WARM_UP)
        for _ in range(ROUNDS):
            for name, address in addresses.items():
                before, began = cpu_seconds(pids[name]), time.perf_counter()
                times = await many(client, address, REQUESTS)
                found[name].rate.append(REQUESTS / (time.perf_counter() - began))
                found[name].cpu.append((cpu_seconds(pids[name]) - before) / REQUESTS * 1e6)
                found[name].p99.append(statistics.quantiles(times, n=100)[98])
    return found


def declare_exchanges(amqp_url: str) -> None:
    """What `espace migrate` would have made."""
    kinds = {RPC_EXCHANGE: "topic", "identity.events": "topic"}
    kinds |= {delivery_exchange(name): "direct" for name in ("payments", "identity")}
    with kombu.Connection(amqp_url) as connection:
        for name, kind in kinds.items():
            connection.default_channel.exchange_declare(name, kind, durable=True, auto_delete=False)


def lines(found: dict[str, Found]) -> list[dict[str, Any]]:
    """Against each reference by CPU, and against the bound that was set."""
    cpu = {name: round(statistics.median(one.cpu), 1) for name, one in found.items()}
    rate = {name: round(statistics.median(one.rate)) for name, one in found.items()}
    late = {name: round(statistics.median(one.p99), 1) for name, one in found.items()}
    common: dict[str, Any] = {
        "unit": "µs of CPU", "ours": cpu["ours"], "rounds": ROUNDS, "floor": cpu["floor"]
    }  # fmt: skip
    made = []
    for name, (goal, title) in GOALS.items():
        rates = (
            f"requests a second: ours {rate['ours']} (p99 {late['ours']} ms), {title} {rate[name]} ({late[name]} ms)"
        )
        what = f"a GET of {ANSWER} over {CONNECTIONS} connections; {rates}"
        made.append(
            results_file.compared(
                f"gateway_against_{name}", what, reference=cpu[name], reference_name=title, goal=goal, **common
            )
        )
    made.append(
        results_file.compared(
            "gateway_cpu", "the same", reference=CPU_GOAL, reference_name="the bound that was set", goal=1.0, **common
        )
    )
    return made


def main() -> None:
    """Measure, print, keep the result."""
    with private_broker.running() as amqp_url, ExitStack() as stack:
        declare_exchanges(amqp_url)
        started(stack, "-m", "bench.gateway_servers", "services", amqp_url, "0")
        ports = {name: free_port() for name in CANDIDATES}
        pids = {
            name: started(stack, "-m", "bench.gateway_servers", name, amqp_url, str(port)).pid
            for name, port in ports.items()
        }
        found = asyncio.run(measure(ports, pids))
    results_file.write("gateway", lines(found))


if __name__ == "__main__":
    main()
