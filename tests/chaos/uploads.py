"""Uploads under kills: what was answered « stored » is there to its last byte, and nothing else is left (R1, R9)."""

import asyncio
import hashlib
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import aiohttp

from chassis.clock import utc_now
from chassis.database import Database
from chassis.objectstore import ObjectStore
from services.documents.domain import ABANDONED_AFTER, FOLDER
from services.documents.settings import Settings
from services.documents.sweeper import sweep
from tests.chaos.employer import Employer
from tests.chaos.funder_system import dice
from tests.chaos.letters import letter
from tests.chaos.world import World

UPLOADERS = 4
GIVES_UP = 60.0  # seconds for one request
LONGEST_ANSWER = 35.0  # a store that hangs is given 30 seconds for its next byte
PAUSE = 0.05
# A remittance advice that nobody has opened has no bytes yet.
NAMED = (
    "select object_key from document_versions where drawn_from is null or drawn_at is not null"
    " union all select object_key from deposits where document_id is null"
)
UNFINISHED = "select count(*) from deposits where document_id is null"


@dataclass
class Ledger:
    """What the outside was told: SHA-256 by document id, and how each request ended (0: no answer)."""

    stored: dict[str, str] = field(default_factory=dict)
    sent: set[str] = field(default_factory=set)
    statuses: Counter[int] = field(default_factory=Counter)
    without_retry_after: int = 0
    bytes_stored: int = 0
    longest: float = 0.0


class Uploaders:
    """Browsers that deposit one file after the other until they have had enough; the portal may die under them."""

    def __init__(self, world: World, employer: Employer, *, seed: int, largest: int) -> None:
        self.ledger = Ledger()
        self._world = world
        self._employer = employer
        self._chance = dice(seed)
        self._largest = largest
        self._enough = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._all()), daemon=True)

    def __enter__(self) -> "Uploaders":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._enough.set()
        self._thread.join(2 * GIVES_UP)

    async def _all(self) -> None:
        limits = aiohttp.ClientTimeout(total=GIVES_UP)
        async with aiohttp.ClientSession(timeout=limits, cookie_jar=aiohttp.DummyCookieJar()) as session:
            await asyncio.gather(*(self._one_by_one(session) for _ in range(UPLOADERS)))

    async def _one_by_one(self, session: aiohttp.ClientSession) -> None:
        while not self._enough.is_set():
            await self._deposit(session, letter(self._chance.randbytes(self._chance.randrange(200, self._largest))))
            await asyncio.sleep(PAUSE)

    async def _deposit(self, session: aiohttp.ClientSession, content: bytes) -> None:
        digest = hashlib.sha256(content).hexdigest()
        wanted = {"category": "letter", "label": digest[:12], "file_name": "lettre.pdf", "size": len(content)}
        begun = await self._ask(session, "POST", "/api/v1/documents", json=wanted)
        if begun is None:
            return
        self.ledger.sent.add(digest)
        done = await self._ask(session, "PUT", begun["content"], data=content)
        if done is not None:
            self.ledger.stored[done["document_id"]] = digest
            self.ledger.bytes_stored += len(content)

    async def _ask(self, session: aiohttp.ClientSession, method: str, path: str, **more: Any) -> dict[str, Any] | None:
        """The answer of a request that succeeded."""
        began = time.monotonic()
        status, told = 0, None
        try:
            address = self._world.portal + path
            async with session.request(method, address, headers=self._employer.headers, **more) as answer:
                told = await answer.json()
                status = answer.status
                self.ledger.without_retry_after += status == 503 and "Retry-After" not in answer.headers
        except (aiohttp.ClientError, TimeoutError, OSError):
            status = 0  # the gateway died under it, which the figures show
        self.ledger.statuses[status] += 1
        self.ledger.longest = max(self.ledger.longest, time.monotonic() - began)
        return told if status == 201 else None


def under_kills(
    world: World, employer: Employer, *, victims: tuple[str, ...], seconds: float, seed: int, largest: int
) -> dict[str, Any]:
    """Upload without a pause while each of *victims* is killed at a random moment, then look; the figures."""
    chance = dice(seed)
    with Uploaders(world, employer, seed=seed, largest=largest) as uploaders:
        for victim in victims:
            time.sleep(chance.uniform(0, 2 * seconds / len(victims)))
            world.kill(victim)
        last = len(uploaders.ledger.stored)
        ended = time.monotonic() + GIVES_UP
        while len(uploaders.ledger.stored) < last + UPLOADERS and time.monotonic() < ended:
            time.sleep(0.1)
        works_again = len(uploaders.ledger.stored) >= last + UPLOADERS
    return {
        "kills": dict(Counter(victims)),
        "works_again": works_again,
        **told(uploaders.ledger),
        **found(world, employer, uploaders.ledger),
    }


def told(ledger: Ledger) -> dict[str, Any]:
    """How the requests ended."""
    return {
        "accepted": len(ledger.stored),
        "mebibytes": round(ledger.bytes_stored / 1024**2, 1),
        "statuses": {str(status): count for status, count in sorted(ledger.statuses.items())},
        "odd_statuses": sum(count for status, count in ledger.statuses.items() if status not in (0, 201, 409, 503)),
        "503_without_retry_after": ledger.without_retry_after,
        "longest_s": round(ledger.longest, 1),
    }


def found(world: World, employer: Employer, ledger: Ledger) -> dict[str, Any]:
    """What is there of what was promised, what lies in the store without a row, and rows without their object."""
    lost, unreadable = asyncio.run(_read_back(world, employer, ledger))
    settings = Settings(**_own(world.stack.settings.processes["documents"]))
    files = ObjectStore(settings)
    database = Database.of("documents", settings)
    try:
        swept = sweep(database, files, now=utc_now() + ABANDONED_AFTER + timedelta(minutes=1))
    finally:
        database.close()
    objects = set(files.keys(FOLDER))
    with world.database("documents") as connection:
        named = {row[0] for row in connection.execute(NAMED)}
        unfinished = connection.execute(UNFINISHED).fetchone()
    return {
        "lost": lost,
        "unreadable": unreadable,
        "swept": {"deposits": swept[0], "objects": swept[1]},
        "orphans": len(objects - named),
        "rows_without_object": len(named - objects),
        "unfinished": unfinished[0] if unfinished else 0,
    }


def _own(environment: dict[str, str]) -> dict[str, Any]:
    prefix = "DOCUMENTS_"
    named = {name.removeprefix(prefix).lower(): value for name, value in environment.items() if name.startswith(prefix)}
    return {name: value for name, value in named.items() if name in Settings.model_fields}


async def _read_back(world: World, employer: Employer, ledger: Ledger) -> tuple[int, int]:
    """How many accepted documents cannot be found, and how many have other bytes."""
    limits = aiohttp.ClientTimeout(total=GIVES_UP)
    async with aiohttp.ClientSession(timeout=limits, cookie_jar=aiohttp.DummyCookieJar()) as session:
        outcomes = []
        for document_id, digest in ledger.stored.items():
            address = f"{world.portal}/api/v1/documents/{document_id}/content"
            async with session.get(address, headers=employer.headers) as answer:
                same = hashlib.sha256(await answer.read()).hexdigest() == digest
                outcomes.append((answer.status, same))
    lost = sum(status == 404 for status, _ in outcomes)
    return lost, sum(status != 404 and not (status == 200 and same) for status, same in outcomes)


def store_away(world: World, employer: Employer, how: str, *, seconds: float, seed: int) -> dict[str, Any]:
    """Upload while the store is frozen (it takes connections and does not answer) or stopped; the figures (R9)."""
    with Uploaders(world, employer, seed=seed, largest=100_000) as uploaders:
        time.sleep(1)
        (world.freeze if how == "frozen" else world.kill_and_hold)("objectstore")
        time.sleep(seconds)
        (world.thaw if how == "frozen" else world.bring_back)("objectstore")
    return {**told(uploaders.ledger), **found(world, employer, uploaders.ledger)}
