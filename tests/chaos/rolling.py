"""Every process is replaced while people use the portal, and nobody notices (R15).

Two processes of each kind. Each is told to end, its end awaited, and started anew, one after the other, under load.
Two gateways need somebody before them. What is assumed of that balancer, and done by the clients here, is what nginx,
Caddy and HAProxy do by themselves: it looks at /readyz every half second and sends nobody to a gateway that answers 503;
and a request for which no connection could be made goes to the other gateway. Nothing that was sent is sent twice.
"""

import asyncio
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from tests.chaos.employer import Employer, logged_in
from tests.chaos.replicas import address_of, second_of
from tests.chaos.world import World

PROBE_EVERY = 0.5  # seconds
CLIENTS = 6
GIVES_UP = 20.0
PAUSE = 0.02


@dataclass
class Balancer:
    """Knows which gateways are ready; asked before each request."""

    gateways: tuple[str, ...]
    ready: set[str] = field(default_factory=set)

    async def watch(self, session: aiohttp.ClientSession, enough: threading.Event) -> None:
        """Look at each gateway until *enough*."""
        while not enough.is_set():
            await asyncio.gather(*(self._look(session, gateway) for gateway in self.gateways))
            await asyncio.sleep(PROBE_EVERY)

    async def _look(self, session: aiohttp.ClientSession, gateway: str) -> None:
        try:
            async with session.get(f"{gateway}/readyz") as answer:
                is_ready = answer.status == 200
        except (aiohttp.ClientError, OSError):
            is_ready = False
        (self.ready.add if is_ready else self.ready.discard)(gateway)

    def choice(self, turn: int) -> list[str]:
        """The gateways to try, best first: taking turns over the ready ones, the others last."""
        ready = sorted(self.ready)
        first = ready[turn % len(ready) :] + ready[: turn % len(ready)] if ready else []
        return first + [gateway for gateway in self.gateways if gateway not in first]


class Crowd:
    """Clients that look at pages and tick, through the balancer, without a pause to speak of."""

    def __init__(self, gateways: tuple[str, ...], employer: Employer) -> None:
        self.statuses: Counter[int] = Counter()
        self.elsewhere = 0  # requests for which the first gateway took no connection
        self.longest = 0.0
        self._balancer, self._employer = Balancer(gateways), employer
        self._enough = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._all()), daemon=True)

    def __enter__(self) -> "Crowd":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._enough.set()
        self._thread.join(GIVES_UP + 5)

    async def _all(self) -> None:
        limits = aiohttp.ClientTimeout(total=GIVES_UP)
        async with aiohttp.ClientSession(timeout=limits, cookie_jar=aiohttp.DummyCookieJar()) as session:
            clients = (self._go_on(session, number) for number in range(CLIENTS))
            await asyncio.gather(self._balancer.watch(session, self._enough), *clients)

    async def _go_on(self, session: aiohttp.ClientSession, number: int) -> None:
        pages = ("/reglements", "/api/v1/payments", "/documents", "/compte", "/api/v1/session", "/connexion")
        turn = number
        while not self._enough.is_set():
            turn += 1
            began = time.monotonic()
            self.statuses[await self._ask(session, pages[turn % len(pages)], turn)] += 1
            self.longest = max(self.longest, time.monotonic() - began)
            await asyncio.sleep(PAUSE)

    async def _ask(self, session: aiohttp.ClientSession, path: str, turn: int) -> int:
        """The status; 0 when a gateway broke off what it had begun, or none took it."""
        for gateway in self._balancer.choice(turn):
            try:
                async with session.get(gateway + path, headers=self._employer.headers, allow_redirects=False) as answer:
                    await answer.read()
                    return answer.status
            except aiohttp.ClientConnectorError:
                self.elsewhere += 1
            except (aiohttp.ClientError, TimeoutError):
                return 0  # counted as failed
        return 0


def rolled(world: World, names: tuple[str, ...], *, rounds: int, both: bool = True) -> dict[str, Any]:
    """Replace the processes of each of *names* (the gateway is one) *rounds* times under load; the figures.

    Without *both*, only the first of each.
    """
    seconds = tuple(second_of(world, name) for name in names)
    employer = logged_in(world)
    with Crowd((address_of(world, "gateway"), address_of(world, "gateway-2")), employer) as crowd:
        time.sleep(2 * PROBE_EVERY)
        codes: Counter[int] = Counter()
        longest = 0.0
        for _ in range(rounds):
            for name in (*names, *(seconds if both else ())):
                code, took = world.end_in_good_order(name)
                codes[code] += 1
                longest = max(longest, took)
                world.bring_back(name)
                time.sleep(2 * PROBE_EVERY)  # until the balancer knows it again
    for name in seconds:
        world.stop(name)
    failed = sum(count for status, count in crowd.statuses.items() if status >= 500 or not status)
    return {
        "restarts": sum(codes.values()),
        "exit_codes": {str(code): count for code, count in codes.items()},
        "longest_stop_s": round(longest, 1),
        "requests": sum(crowd.statuses.values()),
        "statuses": {str(status): count for status, count in sorted(crowd.statuses.items())},
        "failed": failed,
        "sent_elsewhere": crowd.elsewhere,
        "longest_answer_s": round(crowd.longest, 2),
    }
