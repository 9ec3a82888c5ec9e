"""Employers during the drill of `bench.restore`: their requests, mails, log-ins and deposits, kept in a ledger outside."""

import asyncio
import hashlib
import json
import secrets
import time
import urllib.request
from collections import defaultdict
from collections.abc import Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import Any
from uuid import uuid4

from espace_contracts import documents as documents_api
from espace_contracts import identity as identity_api
from espace_contracts.errors import Incident, Refusal, Unavailable
from espace_contracts.types import Actor

from chassis.asyncbus import BusClient
from chassis.sealing import seal
from tests.chaos.accounts import CREDENTIALS, request_for
from tests.chaos.world import World
from tests.journeys.outside import new_siret

SAMPLE = (Path(__file__).parents[1] / "tests" / "samples" / "bulletin.pdf").read_bytes()
DOMAIN = "@restore.example"


@dataclass(frozen=True)
class Mails:
    """What one address has received."""

    ids: list[str]  # Message-IDs, oldest first
    newest: str


@dataclass
class Deposits:
    """Acknowledged deposits: SHA-256 and the moment (Unix seconds) of each answer."""

    acknowledged: dict[str, float] = field(default_factory=dict)


def request_of(address: str) -> dict[str, Any]:
    """A new employer's funding request; its mail goes to *address*."""
    return request_for(new_siret(), address)


def mails(world: World) -> dict[str, Mails]:
    """By address, what the mail server took."""
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for mail in _get(world, "messages?limit=100000")["messages"]:  # newest first
        if mail["To"][0]["Address"].endswith(DOMAIN):
            found[mail["To"][0]["Address"]].insert(0, mail)
    return {
        address: Mails([mail["MessageID"] for mail in all_of], _get(world, f"message/{all_of[-1]['ID']}")["Text"])
        for address, all_of in found.items()
    }


def _get(world: World, path: str) -> dict[str, Any]:
    with urllib.request.urlopen(f"{world.mailbox}/api/v1/{path}", timeout=20) as answer:  # noqa: S310 - our own mailbox
        return json.load(answer)


def log_ins_that_work(world: World, texts: list[str]) -> int:
    """How many of the mails' credentials open a session, asked as the gateway asks."""
    key = world.stack.settings.processes["gateway"]["GATEWAY_IDENTITY_PUBLIC_KEY"]

    async def ask(client: BusClient) -> int:
        return sum([await _logs_in(client, key, text) for text in texts])

    return _as_gateway(world, ask)


async def _logs_in(client: BusClient, key: str, text: str) -> bool:
    found = CREDENTIALS.search(text)
    if found is None:
        return False
    token = hashlib.sha256(secrets.token_bytes(32)).hexdigest()
    session = identity_api.NewSession(token_hash=token, remote_address="127.0.0.1", user_agent="drill")
    request = identity_api.OpenSession(identifier=found[1], password=seal(key, found[2]), session=session)
    try:
        return (await client.call(identity_api.OPEN_SESSION, request)).state == "provisional"
    except (Refusal, Unavailable, Incident):
        return False


def deposit_until(world: World, stop: Event, *, siret: str, ledger: Deposits, pause: float) -> None:
    """Deposit one file after the other, as the gateway does for a person; each answer is noted."""

    async def work(client: BusClient) -> None:
        while not stop.is_set():
            content = SAMPLE + f"\n% {uuid4()}\n".encode()
            digest = hashlib.sha256(content).hexdigest()
            begun = await client.call(documents_api.BEGIN_DEPOSIT, _announced(siret, content, digest))
            await asyncio.to_thread(_put, begun.upload, content)
            done = documents_api.CompleteDeposit(siret=siret, deposit_id=begun.deposit_id)
            await client.call(documents_api.COMPLETE_DEPOSIT, done)
            ledger.acknowledged[digest] = time.time()
            await asyncio.sleep(pause)

    _as_gateway(world, work)


def _announced(siret: str, content: bytes, digest: str) -> documents_api.BeginDeposit:
    return documents_api.BeginDeposit(
        siret=siret,
        actor=Actor(account_id=uuid4(), name="Camille Roy"),
        category="bank_details",
        file_name="rib.pdf",
        size=len(content),
        sha256=digest,
    )


def _put(upload: Any, content: bytes) -> None:
    request = urllib.request.Request(upload.url, data=content, method="PUT", headers=upload.headers)  # noqa: S310 - our own store
    with urllib.request.urlopen(request, timeout=20):  # noqa: S310 - as above
        return


def _as_gateway(world: World, work: Any) -> Any:
    async def run() -> Any:
        client = BusClient(world.gateway_amqp)
        await client.start()
        try:
            return await work(client)
        finally:
            await client.close()

    made: Coroutine[Any, Any, Any] = run()
    return asyncio.run(made)
