"""Accounts under kills: each employer gets one account, one mail, and credentials that work (R5)."""

import asyncio
import json
import re
import secrets
import threading
import time
import urllib.request
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from espace_contracts import identity as identity_api
from espace_contracts.errors import Incident, Refusal, Unavailable

from chassis.asyncbus import BusClient
from chassis.sealing import seal
from tests.chaos import verdicts
from tests.chaos.funder_system import FunderSystem, dice, event, in_background
from tests.chaos.world import World
from tests.journeys.outside import new_siret

PROVISIONAL = (
    "select count(*) from accounts join account_access on account_id = accounts.id"
    " where state = 'provisional' and siret = any(%s)"
)
END_LEASES = "update mails set due_at = now() where state = 'queued'"
CREDENTIALS = re.compile(r"Identifiant provisoire\s*: (\S+)\s+Mot de passe provisoire\s*: (\S+)")
DOMAIN = "@chaos-accounts.example"
LOGINS_AT_A_TIME = 4  # a password's hash is heavy, and one is made at a time


@dataclass(frozen=True)
class Asked:
    """Employers' first requests that are being published."""

    sirets: dict[str, str]  # by mail address
    publishing: threading.Thread


def ask(world: World, *, count: int, seconds: float) -> Asked:
    """Publish *count* employers' first requests over *seconds*, beside the caller."""
    funder = FunderSystem(world.funder_amqp)
    sirets = {f"rh{number}{DOMAIN}": new_siret() for number in range(count)}
    requests = [request_for(siret, address) for address, siret in sirets.items()]
    return Asked(sirets, in_background(lambda: funder.publish(requests, pause=seconds / count)))


def opened(world: World, *, count: int, kills: tuple[str, ...], seconds: float, patience: float) -> dict[str, Any]:
    """*count* employers' first requests while programs are killed; what they got."""
    chance = dice(count)
    asked = ask(world, count=count, seconds=seconds)
    for victim in kills:
        time.sleep(chance.uniform(0, seconds / len(kills)))
        world.kill(victim)
    return got(world, asked, kills=len(kills), patience=patience)


def end_leases(world: World) -> None:
    """Identity is dead: what it was sending is due at once, and not when its lease is over, which takes 19 s."""
    with world.database("identity") as database:
        database.execute(END_LEASES)


def got(world: World, asked: Asked, *, kills: int, patience: float) -> dict[str, Any]:
    """What the employers have got in the end, by mailbox and by login, after so many *kills*."""
    asked.publishing.join(patience)
    count, addresses = len(asked.sirets), asked.sirets
    took = verdicts.until(lambda: len(_reached(world, addresses)) >= count, within=patience, every=1.0)
    mails = mailbox(world, addresses)
    worked = asyncio.run(_log_in_all(world, [texts[0] for _, texts in mails.values()]))
    return {
        "accounts": world.value("identity", PROVISIONAL, list(addresses.values())),
        "mailed": len(mails),
        "duplicate_mails": sum(len(texts) - 1 for _, texts in mails.values()),
        "unlike_duplicates": sum(len(set(texts)) > 1 or len(ids) > 1 for ids, texts in mails.values()),
        "working_credentials": worked,
        "kills": kills,
        "all_mailed_after_s": None if took is None else round(took, 1),
        "dead_letters": len(verdicts.dead_letters(world)),
    }


def request_for(siret: str, address: str) -> dict[str, Any]:
    """The first funding request of the employer *siret*, whose mails go to *address*."""
    dossier = {
        "dossier_number": f"19GE{siret}",
        "beneficiary": {"last_name": "MARTIN", "first_name": "Audrey"},
        "training_title": "INFIRMIER BLOC OPERATOIRE",
        "training_provider": "Institut de formation A",
        "period": {"start": "2019-09-02", "end": "2020-06-30"},
    }
    payer = {"name": "Transitions Pro", "email": "contact@transitionspro-ge.example", "phone": "+33 3 00 00 00 00"}
    employer = {"siret": siret, "legal_name": f"Clinique {siret}", "contact_email": address}
    return event("FundingRequestReceived.v1", {"employer": employer, "dossier": dossier, "funder": payer})


def _reached(world: World, addresses: Collection[str]) -> set[str]:
    """Those of *addresses* that a mail has come to."""
    return {mail["To"][0]["Address"] for mail in _listed(world)} & set(addresses)


def _listed(world: World) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = _get(world, "messages?limit=100000")["messages"]
    return listed


def mailbox(world: World, addresses: Collection[str]) -> dict[str, tuple[set[str], list[str]]]:
    """What the mail catcher holds for *addresses*: the Message-IDs, and the plain texts."""
    found: dict[str, tuple[set[str], list[str]]] = defaultdict(lambda: (set(), []))
    for mail in _listed(world):
        address = mail["To"][0]["Address"]
        if address in addresses:
            found[address][0].add(mail["MessageID"])
            found[address][1].append(_get(world, f"message/{mail['ID']}")["Text"])
    return dict(found)


def _get(world: World, path: str) -> dict[str, Any]:
    with urllib.request.urlopen(f"{world.mailbox}/api/v1/{path}", timeout=20) as answer:
        return json.load(answer)


async def _log_in_all(world: World, texts: list[str]) -> int:
    """How many of the mails' credentials open a session, asked as the gateway asks."""
    public_key = world.stack.settings.processes["gateway"]["GATEWAY_IDENTITY_PUBLIC_KEY"]
    client = BusClient(world.gateway_amqp)
    gate = asyncio.Semaphore(LOGINS_AT_A_TIME)

    async def works(text: str) -> bool:
        found = CREDENTIALS.search(text)
        if found is None:
            return False
        token = sha256(secrets.token_bytes(32)).hexdigest()
        session = identity_api.NewSession(token_hash=token, remote_address="127.0.0.1", user_agent="chaos")
        request = identity_api.OpenSession(identifier=found[1], password=seal(public_key, found[2]), session=session)
        async with gate:
            try:
                answer = await client.call(identity_api.OPEN_SESSION, request)
            except (Refusal, Unavailable, Incident):
                return False
        return answer.state == "provisional"

    await client.start()
    try:
        return sum(await asyncio.gather(*(works(text) for text in texts)))
    finally:
        await client.close()
