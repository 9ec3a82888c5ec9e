"""TLS to broker, database, store and mail server: the certificate is checked, and that it is the server's (K32)."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
from aiosmtpd.controller import Controller
from pydantic import SecretStr

from chassis.objectstore import ObjectStore, ObjectStoreDown
from chassis.settings import ObjectStoreSettings
from gateway.files import Files, FilesUnavailable
from ops.provision import Bucket
from services.identity.mailer import MailServer, NotTaken
from tests.service import tls_clients
from tests.service.identity.front_desk import settings as identity_settings
from tests.service.payments.running import free_port
from tests.service.stack import stack
from tests.service.tls_front import Authority, TlsFronts
from tests.service.waiting import wait_until

NAME = "127.0.0.1"  # on the certificate, as on the wire


class Postbox:
    """Takes every mail."""

    def __init__(self) -> None:
        self.mails: list[bytes] = []

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        self.mails.append(envelope.content)
        return "250 taken"


@dataclass
class Secured:
    """The tests' servers behind TLS, and who is to be believed."""

    authority: Authority
    stranger: Authority
    amqp: str
    postgres: str
    store: Bucket
    smtp: dict[str, int]  # by kind of security
    postbox: Postbox


@pytest.fixture(scope="module")
def name_on_certificate(request: pytest.FixtureRequest) -> str:
    """The servers' own name, or another one."""
    return request.param


OWN_NAME = pytest.mark.parametrize("name_on_certificate", [NAME], indirect=True, scope="module")
ANY_NAME = pytest.mark.parametrize(
    "name_on_certificate", [NAME, "somebody-else.example"], indirect=True, scope="module"
)


def at_port(url: str, port: int, **changes: str) -> str:
    parts = urlsplit(url)
    login = parts.netloc.rpartition("@")[0]
    return parts._replace(netloc=f"{login}@{NAME}:{port}", **changes).geturl()


@pytest.fixture(scope="module")
def secured(name_on_certificate: str, bucket: Bucket, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    """TLS before every server."""
    folder = tmp_path_factory.mktemp("tls")
    authority, stranger = Authority.made(folder, "authority"), Authority.made(folder, "stranger")
    context, fronts, postbox = authority.server_context(name_on_certificate), TlsFronts(), Postbox()
    migrate = stack()["migrate"]
    amqp, postgres, store = (
        urlsplit(url) for url in (migrate["OPS_RABBITMQ_URL"], migrate["OPS_POSTGRES_URL"], bucket.endpoint)
    )
    mail = {
        "starttls": Controller(postbox, NAME, free_port(), tls_context=context, require_starttls=True),
        "in clear": Controller(postbox, NAME, free_port()),
    }
    for one in mail.values():
        one.start()
    database_port = fronts.before(postgres.hostname, postgres.port, context, asked_in_clear=True)
    yield Secured(
        authority,
        stranger,
        amqp=at_port(migrate["OPS_RABBITMQ_URL"], fronts.before(amqp.hostname, amqp.port, context), scheme="amqps"),
        postgres=at_port(migrate["OPS_POSTGRES_URL"], database_port),
        store=Bucket(
            f"https://{NAME}:{fronts.before(store.hostname, store.port, context)}",
            bucket.region,
            bucket.access_key,
            bucket.secret_key,
            bucket.name,
        ),
        smtp={
            "starttls": mail["starttls"].port,
            "tls": fronts.before(NAME, mail["in clear"].port, context),
        },
        postbox=postbox,
    )
    for one in mail.values():
        one.stop()
    fronts.close()


Way = Callable[[Secured, Authority, float], None]  # patience: seconds, for who tries again by itself


def by_boto3(secured: Secured, authority: Authority, _patience: float) -> None:
    store = secured.store
    objects = ObjectStore(
        ObjectStoreSettings(
            s3_endpoint=store.endpoint,
            s3_access_key=SecretStr(store.access_key),
            s3_secret_key=SecretStr(store.secret_key),
            s3_bucket=store.name,
            ca_file=authority.file,
        )
    )
    objects.put("tls/one", b"sealed on its way", "text/plain")
    assert b"".join(objects.chunks("tls/one")) == b"sealed on its way"
    objects.delete("tls/one")


def by_the_gateway(secured: Secured, authority: Authority, _patience: float) -> None:
    async def fetch() -> None:
        files = Files(authority.file)
        await files.start()
        try:
            # Whatever the store says to an unsigned address, it was said over TLS.
            with pytest.raises(FilesUnavailable, match="answered 403"):
                await files.get(f"{secured.store.endpoint}/{secured.store.name}/x", name="x", media_type="text/plain")
        finally:
            await files.close()

    asyncio.run(fetch())


def by_smtp(kind: str) -> Way:
    def send(secured: Secured, authority: Authority, _patience: float) -> None:
        server = MailServer(identity_settings(smtp_port=secured.smtp[kind], smtp_security=kind, ca_file=authority.file))
        mail = EmailMessage()
        mail["From"], mail["To"] = "ne-pas-repondre@espace.example", "rh@clinique.example"
        mail.set_content(kind)
        server.check()
        assert server.send(mail, "rh@clinique.example").startswith("250")
        assert kind.encode() in secured.postbox.mails[-1]

    return send


WAYS: dict[str, Way] = {
    "broker by kombu": lambda secured, authority, _: tls_clients.by_kombu(secured.amqp, authority.file),
    "broker by aiormq": lambda secured, authority, patience: tls_clients.by_aiormq(
        secured.amqp, authority.file, patience
    ),
    "database": lambda secured, authority, _: tls_clients.by_psycopg(secured.postgres, authority.file),
    "store by boto3": by_boto3,
    "store by the gateway": by_the_gateway,
    "mail by STARTTLS": by_smtp("starttls"),
    "mail by TLS": by_smtp("tls"),
}
REFUSED = (OSError, psycopg.OperationalError, ObjectStoreDown, FilesUnavailable, NotTaken, AssertionError)


@ANY_NAME
@pytest.mark.parametrize("way", sorted(WAYS))
def test_k32_a_server_is_believed_by_its_authority_and_its_name(
    way: str, secured: Secured, name_on_certificate: str
) -> None:
    if name_on_certificate == NAME:
        WAYS[way](secured, secured.authority, 20)
        with pytest.raises(REFUSED):
            WAYS[way](secured, secured.stranger, 1)
    else:
        with pytest.raises(REFUSED):
            WAYS[way](secured, secured.authority, 1)


def readiness(port: int) -> dict[str, Any] | None:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=2) as answer:
            return json.load(answer)
    except OSError:
        return None


@OWN_NAME
def test_k32_a_process_works_over_nothing_but_tls(secured: Secured, tmp_path: Path) -> None:
    """Broker, database and mail server of identity."""
    own, port = stack()["processes"]["identity"], free_port()
    urls = {name: own[f"IDENTITY_{name}"] for name in ("DATABASE_URL", "WORKER_DATABASE_URL")}
    verified = f"?sslmode=verify-full&sslrootcert={secured.authority.file}"
    changes = {
        **{f"IDENTITY_{name}": at_port(url, urlsplit(secured.postgres).port) + verified for name, url in urls.items()},
        "IDENTITY_AMQP_URL": at_port(own["IDENTITY_AMQP_URL"], urlsplit(secured.amqp).port, scheme="amqps"),
        "IDENTITY_CA_FILE": str(secured.authority.file),
        "IDENTITY_SMTP_HOST": NAME,
        "IDENTITY_SMTP_PORT": str(secured.smtp["tls"]),
        "IDENTITY_SMTP_SECURITY": "tls",
        "IDENTITY_HTTP_PORT": str(port),
    }
    command = [sys.executable, "-W", "ignore", "-m", "chassis.process", "services.identity"]
    with (tmp_path / "identity.jsonl").open("wb") as log:
        process = subprocess.Popen(command, env=os.environ | own | changes, stdout=log, stderr=log)
    try:
        page = wait_until(lambda: readiness(port), seconds=60, what="readiness")
        assert {name: state["state"] for name, state in page["dependencies"].items()} == {
            "broker": "up",
            "database": "up",
            "smtp": "up",
        }
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    finally:
        process.kill()
        process.wait(10)
