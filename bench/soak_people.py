"""People who use the portal for hours: they look, tick, export, deposit, fetch and log in, and keep a ledger."""

import asyncio
import hashlib
import random
import secrets
import threading
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from tests.chaos.employer import Employer
from tests.chaos.letters import letter

GIVES_UP = 40.0  # seconds for one request
PAUSE = 0.4  # seconds between two things that one person does
EXPECTED = frozenset({0, 200, 201, 202, 409, 429, 503})  # 0: no answer, the gateway was killed under it


@dataclass
class Ledger:
    """What the outside was told."""

    ticked: dict[str, bool] = field(default_factory=dict)  # by payment, as last acknowledged
    unsure: set[str] = field(default_factory=set)  # payments whose last change had no answer
    stored: dict[str, str] = field(default_factory=dict)  # SHA-256 by document
    statuses: Counter[int] = field(default_factory=Counter)
    done: Counter[str] = field(default_factory=Counter)
    unlike: int = 0  # files that came back with other bytes
    longest: float = 0.0

    @property
    def odd(self) -> int:
        """Answers that no fault explains."""
        return sum(count for status, count in self.statuses.items() if status not in EXPECTED)


class People:
    """*count* of them, of one employer, in a thread of their own; each has payments of its own to tick."""

    def __init__(self, portals: tuple[str, ...], employer: Employer, numbers: list[str], *, count: int) -> None:
        self.ledger = Ledger()
        self._portals, self._employer, self._numbers, self._count = portals, employer, numbers, count
        self._enough = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._all()), daemon=True)

    def __enter__(self) -> "People":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._enough.set()
        self._thread.join(2 * GIVES_UP)

    async def _all(self) -> None:
        limits = aiohttp.ClientTimeout(total=GIVES_UP)
        async with aiohttp.ClientSession(timeout=limits, cookie_jar=aiohttp.DummyCookieJar()) as session:
            await asyncio.gather(*(self._live(session, number) for number in range(self._count)))

    async def _live(self, session: aiohttp.ClientSession, number: int) -> None:
        chance = random.Random(number)
        own = self._numbers[number :: self._count]
        habits: list[Callable[[], Awaitable[None]]] = [
            lambda: self._look(session, "/api/v1/payments"),
            lambda: self._look(session, "/reglements"),
            lambda: self._look(session, "/documents"),
            lambda: self._tick(session, chance.choice(own)),
            lambda: self._tick(session, chance.choice(own)),
            lambda: self._export(session),
            lambda: self._deposit(session, letter(chance.randbytes(chance.randrange(200, 60_000)))),
            lambda: self._fetch(session, chance),
            lambda: self._log_in(session),
        ]
        while not self._enough.is_set():
            await chance.choice(habits)()
            await asyncio.sleep(PAUSE * chance.uniform(0.5, 1.5))

    async def _look(self, session: aiohttp.ClientSession, path: str) -> None:
        await self._ask(session, "GET", path, what="looks")

    async def _tick(self, session: aiohttp.ClientSession, number: str) -> None:
        wanted = not self.ledger.ticked.get(number, False)
        status, _ = await self._ask(
            session, "PUT" if wanted else "DELETE", f"/api/v1/payments/{number}/tick", what="ticks"
        )
        if status == 200:
            self.ledger.ticked[number] = wanted
            self.ledger.unsure.discard(number)
        else:
            self.ledger.unsure.add(number)

    async def _export(self, session: aiohttp.ClientSession) -> None:
        key = {"Idempotency-Key": secrets.token_hex(16)}
        await self._ask(session, "POST", "/api/v1/payments/exports", what="exports", json={}, headers=key)

    async def _deposit(self, session: aiohttp.ClientSession, content: bytes, name: str = "lettre.pdf") -> None:
        digest = hashlib.sha256(content).hexdigest()
        wanted = {"category": "letter", "label": digest[:12], "file_name": name, "size": len(content)}
        status, begun = await self._ask(session, "POST", "/api/v1/documents", what="deposits begun", json=wanted)
        if status == 201:
            status, done = await self._ask(session, "PUT", begun["content"], what="deposits", data=content)
            if status == 201:
                self.ledger.stored[done["document_id"]] = digest

    async def _fetch(self, session: aiohttp.ClientSession, chance: random.Random) -> None:
        if self.ledger.stored:
            document_id, digest = chance.choice(list(self.ledger.stored.items()))
            status, content = await self._ask(
                session, "GET", f"/api/v1/documents/{document_id}/content", what="downloads"
            )
            self.ledger.unlike += status == 200 and hashlib.sha256(content).hexdigest() != digest

    async def _log_in(self, session: aiohttp.ClientSession) -> None:
        login = {"identifier": self._employer.identifier, "password": self._employer.password}
        await self._ask(session, "POST", "/api/v1/session", what="log-ins", json=login)

    async def _ask(
        self, session: aiohttp.ClientSession, method: str, path: str, *, what: str, **more: Any
    ) -> tuple[int, Any]:
        """Status and content of an answer; the portals take turns."""
        portal = secrets.choice(self._portals)
        headers = self._employer.headers | more.pop("headers", {})
        began, status, told = time.monotonic(), 0, None
        try:
            async with session.request(method, portal + path, headers=headers, allow_redirects=False, **more) as answer:
                told = await (answer.json() if "json" in answer.content_type else answer.read())
                status = answer.status
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError):
            status = 0  # the gateway died under it, which the figures show
        self.ledger.statuses[status] += 1
        self.ledger.done[what] += status in (200, 201)
        self.ledger.longest = max(self.ledger.longest, time.monotonic() - began)
        return status, told
