"""Does the time of an answer tell whether an identifier exists? 1,000 pairs, limits off (K13).

Measured at identity's entrypoints on PostgreSQL, where alone known and unknown could differ, and over HTTP before the
whole portal, as a stranger would. `ours` is the slower median of the two and `reference` the faster; the goal of 0.95
is a difference under 5 %. `ESPACE_BENCH_PAIRS` makes fewer pairs for a trial.
"""

import os
import random
import secrets
import time
import uuid
from base64 import b64encode
from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import sha256
from statistics import median
from typing import Any

from espace_contracts import identity as api
from espace_contracts.errors import WrongCredentials
from sqlalchemy import text

from bench import enumeration_http, private_postgres, results_file
from chassis.database import Database
from chassis.sealing import new_key_pair, seal
from ops.provision import ServiceDatabase
from services.identity.providers import kit_of
from services.identity.service import IdentityService
from services.identity.settings import Settings

PAIRS = int(os.environ.get("ESPACE_BENCH_PAIRS", "1000"))
KNOWN, ADDRESS = "paie.tilleuls", "rh@clinique-des-tilleuls.example"
SIRET = "73282932000074"
NO_LIMIT = 10**9
EMPLOYER = """
insert into employers (siret, legal_name, contact_email, contact_version, created_at)
values (:siret, 'Clinique des Tilleuls', :email, 0, :now) on conflict do nothing
"""
ACCOUNT = """
insert into accounts (id, state, identifier, identifier_key, password_hash, created_at)
values (:id, 'active', :key, :key, :hash, :now) on conflict do nothing
"""
ACCESS = """
insert into account_access (account_id, siret, granted_at)
select id, :siret, :now from accounts where identifier_key = :key on conflict do nothing
"""


class Silent:
    """Stands for the mailer's loop: what follows the answer is no part of its time."""

    def wake(self) -> None:
        """Nobody to wake."""


def service_on(made: ServiceDatabase, private_key: str) -> IdentityService:
    """Identity on this database, with production's hashing and without limits."""
    values: dict[str, Any] = {
        "amqp_url": "amqp://identity:of-the-tests@nowhere",
        "database_url": made.app_url,
        "worker_database_url": made.worker_url,
        "PUBLIC_URL": "https://espace.example",
        "private_key": private_key,
        "mail_key": b64encode(bytes(range(32))).decode(),
        "smtp_host": "127.0.0.1",
        "mail_from": "ne-pas-repondre@espace.example",
        "free_failures_account": NO_LIMIT,
        "free_failures_address": NO_LIMIT,
        "storm_failures": NO_LIMIT,
    }
    settings = Settings(**values)
    service = IdentityService()
    service.db, service.kit, service.mailer = Database.of("identity", settings), kit_of(settings), Silent()
    service.clock = lambda: datetime.now(UTC)
    return service


def add_account(service: IdentityService) -> None:
    """The one account that exists."""
    facts = {"siret": SIRET, "email": ADDRESS, "key": KNOWN, "id": uuid.uuid4(), "now": datetime.now(UTC)}
    facts["hash"] = service.kit.passwords.hash("Abcdefg!")
    with service.db.work() as connection:
        for statement in (EMPLOYER, ACCOUNT, ACCESS):
            connection.execute(text(statement), {k: v for k, v in facts.items() if f":{k}" in statement})


def log_in(service: IdentityService, public_key: str, identifier: str) -> None:
    """A wrong password."""
    token = sha256(secrets.token_bytes(8)).hexdigest()
    session = api.NewSession(token_hash=token, remote_address="192.0.2.7", user_agent="bench")
    request = api.OpenSession(identifier=identifier, password=seal(public_key, "Wrong-1"), session=session)
    try:
        service.open_session(request)
    except WrongCredentials:
        return
    raise AssertionError("a wrong password has opened a session")


def pairs(ask: Callable[[str], object], known: str) -> tuple[float, float]:
    """Median milliseconds for *known* and for a stranger, asked in turns of changing order."""
    stranger = f"nobody{known[6:]}"  # one, as often asked for as the known one: the counters' rows have equal histories
    times: dict[bool, list[float]] = {True: [], False: []}
    for place in range(PAIRS + 10):
        for is_known in random.sample((True, False), 2):
            sought = known if is_known else stranger
            began = time.perf_counter()
            ask(sought)
            if place >= 10:
                times[is_known].append((time.perf_counter() - began) * 1000)
    return median(times[True]), median(times[False])


def line(what: str, known: float, unknown: float) -> dict[str, Any]:
    """One comparison, whichever of the two was slower."""
    return results_file.compared(
        what,
        f"{what}: known {known:.3f} ms, unknown {unknown:.3f} ms",
        unit="ms",
        ours=round(max(known, unknown), 4),
        reference=round(min(known, unknown), 4),
        reference_name="the faster of known and unknown",
        goal=0.95,
        rounds=PAIRS,
    )


def main() -> None:
    """Measure the forms that take an identifier or an address."""
    private_key, public_key = new_key_pair()
    with private_postgres.running() as server:
        service = service_on(server.migrated("identity", "bench_enumeration"), private_key)
        add_account(service)
        where = {"remote_address": "192.0.2.7"}
        forms: dict[str, tuple[Callable[[str], object], str]] = {
            "login": (lambda sought: log_in(service, public_key, sought), KNOWN),
            "forgotten password": (
                lambda sought: service.request_password_reset(api.RequestPasswordReset(identifier=sought, **where)),
                KNOWN,
            ),
            "forgotten identifier": (
                lambda sought: service.remind_identifier(api.RemindIdentifier(contact_email=sought, **where)),
                ADDRESS,
            ),
        }
        lines = [line(what, *pairs(ask, known)) for what, (ask, known) in forms.items()]
        service.db.close()
    with enumeration_http.forms() as over_http:
        lines += [line(what, *pairs(ask, known)) for what, (ask, known) in over_http.items()]
    results_file.write("enumeration", lines)


if __name__ == "__main__":
    main()
