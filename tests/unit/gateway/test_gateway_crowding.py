"""Too many requests at a time: what is beyond the bound is answered at once, by 503 with Retry-After (R16)."""

import asyncio
from typing import Any

import httpx2 as httpx
import pytest
from espace_contracts import payments

from gateway.app import create_app
from tests.doubles.bus import FakeBus
from tests.doubles.portal import NAMES, ORIGIN, TOKEN, settings

MOST = 4


class SlowBus(FakeBus):
    """Answers nothing before it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.listed = 0
        self.go = asyncio.Event()

    async def call(self, method: Any, request: Any) -> Any:
        """Counts what waits."""
        if method is payments.LIST_PAYMENTS:
            self.listed += 1
            await self.go.wait()
        return await super().call(method, request)


def crowded(work: Any) -> Any:
    """*work* with the client and the bus of a gateway of which MOST requests are being answered."""

    async def run() -> Any:
        bus = SlowBus()
        app = create_app(settings(most_requests=MOST), bus, manifest={name: name for name in NAMES})
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url=ORIGIN, cookies={"session": TOKEN}) as client:
            waiting = [asyncio.create_task(client.get("/api/v1/payments")) for _ in range(MOST)]
            for _ in range(2000):
                if bus.listed == MOST:
                    break
                await asyncio.sleep(0.001)
            try:
                return await work(client, bus)
            finally:
                bus.go.set()
                answers = await asyncio.gather(*waiting)
                assert {answer.status_code for answer in answers} == {200}, "those inside are not harmed"

    return asyncio.run(run())


@pytest.mark.parametrize("path", ["/api/v1/payments", "/reglements"])
def test_r16_one_request_too_many_is_refused_at_once(path: str) -> None:
    async def work(client: httpx.AsyncClient, bus: SlowBus) -> httpx.Response:
        answer = await client.get(path)
        assert bus.listed == MOST
        return answer

    answer = crowded(work)
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "5"
    assert answer.headers["x-content-type-options"] == "nosniff"
    if path.startswith("/api/"):
        assert answer.json()["type"] == "/problems/crowded"
    else:
        assert "Réessayez dans quelques secondes" in answer.text


def test_r16_there_is_room_again_as_soon_as_one_is_answered() -> None:
    async def work(client: httpx.AsyncClient, bus: SlowBus) -> int:
        bus.go.set()
        await asyncio.sleep(0.05)
        return (await client.get("/api/v1/payments")).status_code

    assert crowded(work) == 200


@pytest.mark.parametrize("path", ["/healthz", "/static/build/nothing"])
def test_r16_health_and_style_are_never_refused(path: str) -> None:
    async def work(client: httpx.AsyncClient, bus: SlowBus) -> int:
        return (await client.get(path)).status_code

    assert crowded(work) != 503


def test_r16_a_file_on_its_way_takes_nobodys_place() -> None:
    async def work(client: httpx.AsyncClient, bus: SlowBus) -> int:
        size = {"content-length": "70000"}
        return (await client.post("/api/v1/nothing", content=b"x" * 70_000, headers=size)).status_code

    assert crowded(work) == 404
