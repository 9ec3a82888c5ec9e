"""Who asks the portal while it is being hurt: a browser that never stops, and a funder's program that calls."""

import asyncio
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import aiohttp
from espace_contracts import payments as payments_api
from espace_contracts.errors import Incident, Refusal, Unavailable

from chassis.asyncbus import BusClient

LONGEST_ANSWER = 6.0  # seconds: what takes longer has hung
GIVES_UP = 30.0
ASKERS = 4
PAUSE = 0.2  # a look at a page costs the machine what the faults need as well


@dataclass(frozen=True)
class Answer:
    """One request: when it began and ended (monotonic), its status (0: none), and whether it said when to return."""

    began: float
    ended: float
    status: int
    retry_after: bool

    @property
    def hung(self) -> bool:
        """Whether it took longer than a person should wait."""
        return self.ended - self.began > LONGEST_ANSWER

    @property
    def well(self) -> bool:
        """Identity was asked and knew no such session: the way to « Connexion »."""
        return self.status == 303


class Browser:
    """Asks for a page that needs identity, with a cookie nobody has given out, so that nothing is remembered."""

    def __init__(self, portal: str) -> None:
        self._portal = portal
        self.answers: list[Answer] = []
        self._enough = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._ask_all()), daemon=True)

    def __enter__(self) -> "Browser":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._enough.set()
        self._thread.join(GIVES_UP + 5)

    async def _ask_all(self) -> None:
        limits = aiohttp.ClientTimeout(total=GIVES_UP)
        async with aiohttp.ClientSession(timeout=limits, cookie_jar=aiohttp.DummyCookieJar()) as session:
            await asyncio.gather(*(self._ask(session) for _ in range(ASKERS)))

    async def _ask(self, session: aiohttp.ClientSession) -> None:
        while not self._enough.is_set():
            began, status, said_when = time.monotonic(), 0, False
            cookies = {"Cookie": f"session={secrets.token_urlsafe(32)}"}
            try:
                address = f"{self._portal}/reglements"
                async with session.get(address, headers=cookies, allow_redirects=False) as answer:
                    await answer.read()
                    status, said_when = answer.status, "Retry-After" in answer.headers
            except (aiohttp.ClientError, TimeoutError):
                status = 0  # no answer at all, which the figures show
            self.answers.append(Answer(began, time.monotonic(), status, said_when))
            await asyncio.sleep(PAUSE)

    def first_well_after(self, moment: float) -> float | None:
        """Seconds from *moment* to the first good answer."""
        good = [answer.ended for answer in list(self.answers) if answer.well and answer.ended >= moment]
        return min(good) - moment if good else None


@dataclass
class Calls:
    """How calls ended, and the payments that they were about."""

    deadlines: dict[str, float] = field(default_factory=dict)  # Unix time, by payment number
    answered: int = 0
    unavailable: int = 0
    refused: int = 0
    incidents: int = 0
    longest: float = 0.0
    hung: int = 0


def record_payments(
    amqp_url: str, bodies: list[dict[str, Any]], *, seconds: float, at_a_time: int, begin: Callable[[], None]
) -> Calls:
    """Call payments.record_payments once for each of *bodies* with this deadline, as a funder's program.

    *begin* is called once the client is connected, before the first call.
    """
    method = replace(payments_api.RECORD_PAYMENTS, seconds=seconds)
    outcome = Calls()

    async def call(client: BusClient, gate: asyncio.Semaphore, body: dict[str, Any]) -> None:
        async with gate:
            began = time.monotonic()
            outcome.deadlines[body["payment_number"]] = time.time() + seconds
            try:
                await client.call(method, payments_api.RecordPayments(payments=(body,)))
                outcome.answered += 1
            except Unavailable:
                outcome.unavailable += 1
            except Refusal:
                outcome.refused += 1
            except Incident:
                outcome.incidents += 1
            took = time.monotonic() - began
            outcome.longest = max(outcome.longest, took)
            outcome.hung += took > seconds + 1

    async def call_all() -> None:
        client = BusClient(amqp_url, name="chaos")
        await client.start()
        try:
            async with asyncio.timeout(30):
                while not client.connected:
                    await asyncio.sleep(0.05)
            await asyncio.to_thread(begin)
            gate = asyncio.Semaphore(at_a_time)
            await asyncio.gather(*(call(client, gate, body) for body in bodies))
        finally:
            await client.close()

    asyncio.run(call_all())
    return outcome
