"""An employer of the chaos portal that has been through its first login, asked as the gateway asks."""

import asyncio
import re
import secrets
from dataclasses import dataclass
from hashlib import sha256

from espace_contracts import identity as api

from chassis.asyncbus import BusClient
from chassis.sealing import seal
from gateway.security import csrf_token, new_token
from tests.chaos import verdicts
from tests.chaos.accounts import CREDENTIALS, mailbox, request_for
from tests.chaos.funder_system import FunderSystem
from tests.chaos.world import World
from tests.journeys.outside import new_siret

PASSWORD = "Journal&de-paie"
LINK = re.compile(r"/confirmation/(\S+)")
PATIENCE = 60.0


@dataclass(frozen=True)
class Employer:
    """Who uses the portal: its SIRET, the token of its session, and what it logs in with."""

    siret: str
    token: str
    identifier: str
    password: str = PASSWORD

    @property
    def headers(self) -> dict[str, str]:
        """What its browser sends with each request that changes something."""
        return {"Cookie": f"session={self.token}", "X-CSRF-Token": csrf_token(self.token)}


def logged_in(world: World) -> Employer:
    """A new employer with a session, past the wizard and the privacy policy."""
    siret, address = new_siret(), f"rh-{secrets.token_hex(4)}@chaos-files.example"
    FunderSystem(world.funder_amqp).publish([request_for(siret, address)])
    found = CREDENTIALS.search(_mail(world, address, CREDENTIALS))
    if found is None:
        raise AssertionError("the mail has no credentials")
    chosen = f"paie.{secrets.token_hex(4)}"
    return Employer(siret, asyncio.run(_first_login(world, address, (found[1], found[2]), chosen)), chosen)


def _mail(world: World, address: str, pattern: re.Pattern[str]) -> str:
    """The text of the mail to *address* that has *pattern*."""

    def texts() -> list[str]:
        held = mailbox(world, {address}).get(address, (set(), []))[1]
        return [text for text in held if pattern.search(text)]

    if verdicts.until(lambda: bool(texts()), within=PATIENCE) is None:
        raise AssertionError(f"no mail to {address} with {pattern.pattern}")
    return texts()[0]


async def _first_login(world: World, address: str, given: tuple[str, str], identifier: str) -> str:
    key = world.stack.settings.processes["gateway"]["GATEWAY_IDENTITY_PUBLIC_KEY"]
    client = BusClient(world.gateway_amqp)
    await client.start()
    try:
        first = _session(new_token())
        await client.call(
            api.OPEN_SESSION, api.OpenSession(identifier=given[0], password=seal(key, given[1]), session=first)
        )
        chosen = api.Personalise(token_hash=first.token_hash, identifier=identifier, password=seal(key, PASSWORD))
        await client.call(api.PERSONALISE, chosen)
        link = LINK.search(await asyncio.to_thread(_mail, world, address, LINK))
        token = new_token()
        confirmed = api.ConfirmIdentifier(
            token_hash=_hash(link[1] if link else ""), password=seal(key, PASSWORD), session=_session(token)
        )
        await client.call(api.CONFIRM_IDENTIFIER, confirmed)
        accepted = api.AcceptPrivacyPolicy(token_hash=_hash(token), policy_version="chaos")
        await client.call(api.ACCEPT_PRIVACY_POLICY, accepted)
    finally:
        await client.close()
    return token


def _session(token: str) -> api.NewSession:
    return api.NewSession(token_hash=_hash(token), remote_address="127.0.0.1", user_agent="chaos")


def _hash(token: str) -> str:
    return sha256(token.encode()).hexdigest()
