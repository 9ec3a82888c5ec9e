"""The asyncio client: calls with a deadline, refusals as themselves, life after a lost connection (R12)."""

import asyncio
import signal
import time
from collections.abc import Awaitable, Callable
from typing import Any

import kombu
import pytest
from amqp.exceptions import NotFound as AmqpNotFound
from espace_contracts.deadlines import Deadlines
from espace_contracts.errors import Incident, NotFound, Unavailable
from espace_contracts.rpc import Method

from chassis.asyncbus import BusClient
from ops.management import request as manage
from tests.service.chassis.conftest import Toy
from tests.service.chassis.toy import contract as api
from tests.service.waiting import wait_until


def with_client(toy: Toy, work: Callable[[BusClient], Awaitable[Any]], **listeners: Any) -> Any:
    async def run() -> Any:
        client = BusClient(toy.amqp_url)
        for data_class, callback in listeners.values():
            client.listen(data_class, callback)
        await client.start()
        try:
            return await work(client)
        finally:
            await client.close()

    return asyncio.run(run())


def test_answer_is_the_contracts_class(toy: Toy) -> None:
    answer = with_client(toy, lambda client: client.call(api.ECHO, api.Echo(text="hé")))
    assert answer == api.Echoed(text="hé", caller=next(iter(api.TESTER)))


def test_refusal_is_raised_as_itself(toy: Toy) -> None:
    with pytest.raises(NotFound) as caught:
        with_client(toy, lambda client: client.call(api.ECHO, api.Echo(text="refuse")))
    assert caught.value.fields == ("text",)


def test_incident_brings_its_reference(toy: Toy) -> None:
    with pytest.raises(Incident) as caught:
        with_client(toy, lambda client: client.call(api.ECHO, api.Echo(text="break")))
    assert caught.value.reference in toy.logs[-1].read_text()


def test_many_calls_at_a_time_get_their_own_answers(toy: Toy) -> None:
    async def work(client: BusClient) -> list[str]:
        calls = [client.call(api.ECHO, api.Echo(text=str(number))) for number in range(200)]
        return [answer.text for answer in await asyncio.gather(*calls)]

    assert with_client(toy, work) == [str(number) for number in range(200)]


def test_answers_larger_than_a_frame_come_whole_beside_small_ones(toy: Toy) -> None:
    texts = [f"{number}:" + "é" * (200_000 if number % 3 else 1) for number in range(24)]

    async def work(client: BusClient) -> list[str]:
        return [a.text for a in await asyncio.gather(*(client.call(api.ECHO, api.Echo(text=text)) for text in texts))]

    assert with_client(toy, work) == texts


def test_r12_call_without_a_callee_ends_at_its_deadline(toy: Toy) -> None:
    nobody = Method("nobody", "echo", api.Echo, api.Echoed, api.TESTER, seconds=0.5)
    started = time.monotonic()
    with pytest.raises(Unavailable):
        with_client(toy, lambda client: client.call(nobody, api.Echo(text="x")))
    assert time.monotonic() - started < 2


def test_r12_abandoned_call_is_not_executed_later(toy: Toy) -> None:
    """Ten workers are busy when the eleventh call comes and goes: it must never run."""
    short = Method("toy", "sleep", api.Echo, api.Echoed, api.TESTER, identified=False, seconds=0.5)
    long = Method("toy", "sleep", api.Echo, api.Echoed, api.TESTER, identified=False, seconds=10)

    async def work(client: BusClient) -> None:
        busy = [asyncio.create_task(client.call(long, api.Echo(text="busy", seconds=2))) for _ in range(10)]
        await asyncio.sleep(0.3)
        with pytest.raises(Unavailable):
            await client.call(short, api.Echo(text="abandoned"))
        await asyncio.gather(*busy)
        await asyncio.sleep(0.5)

    with_client(toy, work)
    assert toy.notes() == ["busy"] * 10


@pytest.mark.parametrize("off", [-60, 60, -3 * 86_400, 3 * 86_400])
def test_r19_callers_clock_that_is_wrong_neither_refuses_calls_nor_lets_abandoned_ones_run(toy: Toy, off: int) -> None:
    short = Method("toy", "sleep", api.Echo, api.Echoed, api.TESTER, identified=False, seconds=1)

    async def work(client: BusClient) -> None:
        client._deadlines = Deadlines(wall=lambda: time.time() + off)
        began = time.monotonic()
        assert (await client.call(api.ECHO, api.Echo(text="first"))).text == "first"
        took = time.monotonic() - began
        toy.process.send_signal(signal.SIGSTOP)
        try:  # what it had prefetched does not expire on the broker: only the deadline tells
            with pytest.raises(Unavailable):
                await client.call(short, api.Echo(text="abandoned"))
            await asyncio.sleep(took)  # a deadline is off by as much as the quickest call took, at most
        finally:
            toy.process.send_signal(signal.SIGCONT)
        assert (await client.call(api.ECHO, api.Echo(text="last"))).text == "last"

    with_client(toy, work)
    assert toy.notes() == []


def test_connection_lost_is_made_again_and_told(toy: Toy) -> None:
    lost: list[str] = []

    async def work(client: BusClient) -> tuple[str, int]:
        client.on_disconnect(lambda: lost.append("lost"))
        await client.call(api.ECHO, api.Echo(text="before"))
        name = await asyncio.to_thread(connection_of_gateway, toy)
        await asyncio.to_thread(manage, toy.management_url, "DELETE", f"/api/connections/{name}", {})
        for _ in range(100):
            if lost:
                break
            await asyncio.sleep(0.05)
        answer = await client.call(api.ECHO, api.Echo(text="after"))
        return answer.text, len(lost)

    assert with_client(toy, work) == ("after", 1)


def test_k31_exchange_that_a_system_of_the_funder_deletes_comes_again(toy: Toy) -> None:
    """Neither the service nor a connected client is started anew, and nobody but them declares anything."""

    async def work(client: BusClient) -> str:
        await client.call(api.ECHO, api.Echo(text="before"))
        await asyncio.to_thread(manage, toy.management_url, "DELETE", exchange_of_calls(toy), {})
        await asyncio.to_thread(wait_until, lambda: is_there(toy), what="the exchange")  # before anybody calls
        patient = Method("toy", "echo", api.Echo, api.Echoed, api.TESTER, identified=False, seconds=1)
        for _ in range(15):
            try:
                return (await client.call(patient, api.Echo(text="after"))).text
            except Unavailable:
                await asyncio.sleep(0.2)
        return "never"

    assert with_client(toy, work) == "after"
    assert toy.alive


def test_channel_closed_by_the_broker_is_opened_again(toy: Toy) -> None:
    """A call without right makes the broker close the channel and nothing else."""
    refused = Method("", "", api.Echo, api.Echoed, api.TESTER, seconds=1)

    async def work(client: BusClient) -> str:
        client._user = "somebody.else"  # a forged user_id: 406, channel closed
        with pytest.raises(Unavailable):
            await client.call(refused, api.Echo(text="x"))
        client._user = next(iter(api.TESTER))
        return (await client.call(api.ECHO, api.Echo(text="after"))).text

    assert with_client(toy, work) == "after"


def test_event_reaches_the_listener(toy: Toy) -> None:
    heard: list[str] = []

    async def work(client: BusClient) -> None:
        await client.call(api.ECHO, api.Echo(text="connected"))
        await asyncio.to_thread(toy.poke, "tell me")
        for _ in range(100):
            if heard:
                break
            await asyncio.sleep(0.05)

    with_client(toy, work, felt=(api.Felt, lambda event: heard.append(event.data.text)))
    assert heard == ["tell me"]


def exchange_of_calls(toy: Toy) -> str:
    return f"/api/exchanges/{toy.amqp_url.rpartition('/')[2]}/nameko-rpc"


def is_there(toy: Toy) -> bool:
    """Whether the exchange exists: looking makes nothing."""
    with kombu.Connection(toy.amqp_url) as connection:
        try:
            connection.default_channel.exchange_declare("nameko-rpc", "topic", passive=True)
        except AmqpNotFound:
            return False
    return True


def connection_of_gateway(toy: Toy) -> str:
    """The broker's name of the client's connection; the management API knows it after a few seconds."""
    import json
    import urllib.request
    from base64 import b64encode
    from urllib.parse import quote, urlsplit

    parts = urlsplit(toy.management_url)
    credentials = b64encode(f"{parts.username}:{parts.password}".encode()).decode()
    request = urllib.request.Request(
        f"http://{parts.hostname}:{parts.port}/api/connections", headers={"Authorization": f"Basic {credentials}"}
    )
    for _ in range(100):
        with urllib.request.urlopen(request, timeout=5) as answer:
            for entry in json.load(answer):
                properties = entry.get("client_properties", {})
                if (
                    entry.get("vhost") == urlsplit(toy.amqp_url).path[1:]
                    and properties.get("connection_name") == "gateway"
                ):
                    return quote(entry["name"], safe="")
        time.sleep(0.1)
    raise AssertionError("the broker does not list the client's connection")
