"""`make bench NAME=rpc`: calls from service to service, 16 at a time, by the server's CPU a call.

Ours and stock nameko are asked by the same client, ours; aio-pika's pattern by its own; the floor is a bare echo of
aiormq. They take turns within each round, on one broker.
"""

import asyncio
import json
import statistics
import subprocess
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, ExitStack
from dataclasses import dataclass, field
from uuid import uuid4

import aio_pika
import aiormq
import kombu
from aio_pika.patterns import JsonRPC
from amqp.exceptions import NotFound
from espace_contracts.rpc import Method

from bench import private_broker, results_file
from bench.processes import cpu_seconds, started
from bench.rpc_contract import ECHO, NAMES, STOCK, Echo
from chassis.asyncbus import BusClient
from chassis.topology import RPC_EXCHANGE, delivery_exchange

ROUNDS, CALLS, AT_A_TIME, WARM_UP = 7, 800, 16, 200
PATIENCE = 60  # seconds for a server to listen: nameko tells nobody when it does
SIRET = "73282932000074"
GOALS = {"stock": (2.5, "nameko 2.14.1"), "aio-pika": (1.0, "aio-pika's RPC pattern"), "raw": (0.55, "raw aiormq echo")}
PROGRAM = "import sys; from bench.rpc_servers import serve; serve(*sys.argv[1:])"
Call = Callable[[int], Awaitable[object]]


@dataclass
class Found:
    """What the rounds of one candidate gave."""

    cpu: list[float] = field(default_factory=list)  # microseconds of the server a call
    rate: list[float] = field(default_factory=list)  # calls a second


async def through_bus(stack: AsyncExitStack, amqp_url: str, method: Method) -> Call:
    """Our client, whoever answers."""
    client = BusClient(amqp_url, name="bench")
    await client.start()
    stack.push_async_callback(client.close)
    return lambda number: client.call(method, Echo(siret=SIRET, text="INFIRMIER", number=number))


async def through_aio_pika(stack: AsyncExitStack, amqp_url: str) -> Call:
    """aio-pika's pattern, at both ends."""
    connection = await aio_pika.connect_robust(amqp_url)
    stack.push_async_callback(connection.close)
    channel = await connection.channel()
    calls = await JsonRPC.create(channel)
    stack.push_async_callback(calls.close)
    request = {"siret": SIRET, "text": "INFIRMIER"}
    return lambda number: calls.call(NAMES["aio-pika"], {"request": request | {"number": number}})


async def through_aiormq(stack: AsyncExitStack, amqp_url: str) -> Call:
    """Bytes there and back."""
    connection = await aiormq.connect(amqp_url)
    stack.push_async_callback(connection.close)
    channel = await connection.channel(publisher_confirms=False)
    declared = await channel.queue_declare(exclusive=True)
    waiting: dict[str, asyncio.Future[bytes]] = {}

    async def hear(message: aiormq.abc.DeliveredMessage) -> None:
        waiting.pop(message.header.properties.correlation_id or "").set_result(message.body)

    await channel.basic_consume(declared.queue or "", hear, no_ack=True)

    async def call(number: int) -> bytes:
        key = uuid4().hex
        future = waiting[key] = asyncio.get_running_loop().create_future()
        properties = aiormq.spec.Basic.Properties(reply_to=declared.queue, correlation_id=key, delivery_mode=1)
        body = json.dumps({"siret": SIRET, "text": "INFIRMIER", "number": number}).encode()
        await channel.basic_publish(body, routing_key=NAMES["raw"], properties=properties)
        return await future

    return call


async def many(call: Call, count: int) -> None:
    """*count* calls, AT_A_TIME of them under way."""
    numbers = iter(range(count))

    async def one_after_the_other() -> None:
        for number in numbers:
            await call(number)

    await asyncio.gather(*(one_after_the_other() for _ in range(AT_A_TIME)))


async def measure(amqp_url: str, servers: dict[str, subprocess.Popen[bytes]]) -> dict[str, Found]:
    """All rounds."""
    found = {name: Found() for name in servers}
    async with AsyncExitStack() as stack:
        calls = {
            "ours": await through_bus(stack, amqp_url, ECHO),
            "stock": await through_bus(stack, amqp_url, STOCK),
            "aio-pika": await through_aio_pika(stack, amqp_url),
            "raw": await through_aiormq(stack, amqp_url),
        }
        for call in calls.values():
            await many(call, WARM_UP)
        for _ in range(ROUNDS):
            for name, call in calls.items():
                before, began = cpu_seconds(servers[name].pid), time.perf_counter()
                await many(call, CALLS)
                found[name].rate.append(CALLS / (time.perf_counter() - began))
                found[name].cpu.append((cpu_seconds(servers[name].pid) - before) / CALLS * 1e6)
    return found


def declare_exchanges(amqp_url: str) -> None:
    """What `espace migrate` would have made."""
    with kombu.Connection(amqp_url) as connection:
        channel = connection.channel()
        channel.exchange_declare(RPC_EXCHANGE, "topic", durable=True, auto_delete=False)
        channel.exchange_declare(delivery_exchange(ECHO.service), "direct", durable=True, auto_delete=False)


def wait_until_consumed(amqp_url: str) -> None:
    """Until each server listens on its queue. Raises TimeoutError."""
    queues = [f"rpc-{NAMES['ours']}", f"rpc-{NAMES['stock']}", NAMES["aio-pika"], NAMES["raw"]]
    deadline = time.monotonic() + PATIENCE
    while queues:
        time.sleep(0.3)
        if time.monotonic() > deadline:
            raise TimeoutError(f"nobody listens on {queues}")
        with kombu.Connection(amqp_url) as connection:
            queues = [name for name in queues if not _is_consumed(connection, name)]


def _is_consumed(connection: kombu.Connection, queue: str) -> bool:
    with connection.channel() as channel:
        try:
            return bool(channel.queue_declare(queue, passive=True).consumer_count)
        except NotFound:
            return False


def lines(found: dict[str, Found]) -> list[dict[str, object]]:
    """Against each reference by CPU, and the rates for the reader."""
    cpu = {name: round(statistics.median(one.cpu), 1) for name, one in found.items()}
    rate = {name: round(statistics.median(one.rate)) for name, one in found.items()}
    made = []
    for name, (goal, title) in GOALS.items():
        what = f"a call's CPU in the server, 16 at a time; calls a second: ours {rate['ours']}, {title} {rate[name]}"
        made.append(
            results_file.compared(
                f"rpc_against_{name.replace('-', '_')}",
                what,
                unit="µs of CPU",
                ours=cpu["ours"],
                reference=cpu[name],
                reference_name=title,
                goal=goal,
                rounds=ROUNDS,
                floor=cpu["raw"],
            )
        )
    return made


def main() -> None:
    """Measure, print, keep the result."""
    with private_broker.running() as amqp_url, ExitStack() as stack:
        declare_exchanges(amqp_url)
        servers = {name: started(stack, "-c", PROGRAM, name, amqp_url) for name in NAMES}
        wait_until_consumed(amqp_url)
        found = asyncio.run(measure(amqp_url, servers))
    results_file.write("rpc", lines(found))


if __name__ == "__main__":
    main()
