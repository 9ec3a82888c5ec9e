"""TLS that the servers speak themselves: a PostgreSQL with `ssl`, a RabbitMQ with TLS listeners alone, and who gets in (K32)."""

import asyncio
import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import psycopg
import pytest

from ops import management, ping, ports, probes
from ops.endpoints import ADMIN
from ops.folders import StackFolder
from ops.provision import provision_broker
from ops.servers import postgres, rabbitmq
from ops.servers.placing import Place
from ops.supervisor import Program, Supervisor
from tests.service import tls_clients
from tests.service.tls_front import Authority

PASSWORD = "a-password-of-the-tests"
REFUSED = (OSError, psycopg.OperationalError)  # TimeoutError is the first's kind


@dataclass(frozen=True)
class Certificates:
    """Of the servers, and who signed them."""

    authority: Authority
    certificate: Path
    key: Path


@dataclass(frozen=True)
class Sealed:
    """Addresses of servers that speak TLS alone, and who is to be believed."""

    postgres: str
    amqp: str
    management: str
    amqp_in_clear: str
    authority: Path
    stranger: Path


def _certificates(folder: Path) -> Certificates:
    authority = Authority.made(folder, "authority")
    issued = authority.ca.issue_cert("127.0.0.1")
    certificate, key = folder / "server.pem", folder / "server.key"
    certificate.write_bytes(b"".join(blob.bytes() for blob in issued.cert_chain_pems))
    key.write_bytes(issued.private_key_pem.bytes())
    for file in (certificate, authority.file):
        file.chmod(0o644)
    key.chmod(0o600)
    if os.geteuid() == 0:
        shutil.chown(key, postgres.USER)  # RabbitMQ runs as root here and reads it all the same
    return Certificates(authority, certificate, key)


def _postgres(place: Place, numbers: ports.Ports, made: Certificates) -> Program:
    packaged = postgres.find_packaged()
    assert packaged is not None, "the set-up of the tests installs Debian's, since the wheel's speaks no TLS"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(postgres, "find_installation", lambda: packaged)
        program = postgres.prepare(place, port=numbers.postgres, password=PASSWORD)
    data = Path(program.command[program.command.index("-D") + 1])
    with (data / "postgresql.conf").open("a") as settings:
        settings.write(f"ssl = on\nssl_cert_file = '{made.certificate}'\nssl_key_file = '{made.key}'\n")
    rules = (data / "pg_hba.conf").read_text()
    (data / "pg_hba.conf").write_text(
        "".join(f"{line.replace('host ', 'hostssl ', 1)}\n" for line in rules.splitlines())
    )
    address = f"postgresql://{ADMIN}:{PASSWORD}@127.0.0.1:{numbers.postgres}/postgres"

    async def ready() -> bool:  # it listens before it answers, and answers nobody in clear
        try:
            psycopg.connect(address, sslmode="require", connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    return replace(program, ready=ready)


def _broker(place: Place, numbers: ports.Ports, made: Certificates) -> rabbitmq.Node:
    node = rabbitmq.prepare(place, ports=numbers, password=PASSWORD, vhost="sealed")
    file = place.folder(rabbitmq.NAME) / "rabbitmq.conf"
    kept = [line for line in file.read_text().splitlines() if not line.startswith(("listeners.", "management."))]
    names = {"certfile": made.certificate, "keyfile": made.key, "cacertfile": made.authority.file}
    kept += [
        "listeners.tcp = none",
        f"listeners.ssl.default = 127.0.0.1:{numbers.amqp}",
        "ssl_options.verify = verify_none",
    ]
    kept += [f"ssl_options.{name} = {path}" for name, path in names.items()]
    kept += [f"management.ssl.{name} = {path}" for name, path in names.items()]
    kept += ["management.ssl.ip = 127.0.0.1", f"management.ssl.port = {numbers.management}"]
    file.write_text("\n".join(kept) + "\n")
    both = probes.all_of(probes.listening(numbers.amqp), probes.listening(numbers.management))
    return replace(node, broker=replace(node.broker, ready=both))


@pytest.fixture(scope="module")
def sealed() -> Iterator[Sealed]:
    """Both servers, running."""
    with tempfile.TemporaryDirectory(prefix="espace-tls-") as name, ports.Reservation() as reserved:
        folder = Path(name)
        folder.chmod(0o711)  # PostgreSQL runs as another user
        made, stranger = _certificates(folder), Authority.made(folder, "stranger")
        place = Place(StackFolder(folder / "stack", folder / "stack.json"), durable=False)
        place.stack.make()
        numbers, _ = ports.choose(offset=3500, free=reserved.take)
        with asyncio.Runner() as runner:
            supervisor, database = Supervisor(say=print), _postgres(place, numbers, made)
            node = _broker(place, numbers, made)
            try:
                runner.run(supervisor.start(database))
                runner.run(supervisor.start(node.port_mapper))
                runner.run(supervisor.start(node.broker))
                yield Sealed(
                    postgres=f"postgresql://{ADMIN}:{PASSWORD}@127.0.0.1:{numbers.postgres}/postgres",
                    amqp=f"amqps://{ADMIN}:{PASSWORD}@127.0.0.1:{numbers.amqp}/sealed",
                    management=f"https://{ADMIN}:{PASSWORD}@127.0.0.1:{numbers.management}",
                    amqp_in_clear=f"amqp://{ADMIN}:{PASSWORD}@127.0.0.1:{numbers.amqp}/sealed",
                    authority=made.authority.file,
                    stranger=stranger.file,
                )
            finally:
                runner.run(supervisor.stop())


def test_k32_postgresql_with_ssl_on_is_reached_by_its_authority_and_not_in_clear(sealed: Sealed) -> None:
    tls_clients.by_psycopg(sealed.postgres, sealed.authority)
    with psycopg.connect(f"{sealed.postgres}?sslmode=require") as connection:
        row = connection.execute("select ssl, version from pg_stat_ssl where pid = pg_backend_pid()").fetchone()
    assert row is not None
    assert row[0]
    assert row[1] >= "TLSv1.2"
    with pytest.raises(psycopg.OperationalError, match="certificate verify failed"):
        tls_clients.by_psycopg(sealed.postgres, sealed.stranger)
    with pytest.raises(psycopg.OperationalError, match="no encryption"):
        psycopg.connect(f"{sealed.postgres}?sslmode=disable", connect_timeout=5)


def test_k32_rabbitmq_with_tls_listeners_is_reached_by_its_authority_and_not_in_clear(
    sealed: Sealed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(sealed.authority))
    provision_broker(sealed.amqp, sealed.management, [])
    tls_clients.by_kombu(sealed.amqp, sealed.authority)
    tls_clients.by_aiormq(sealed.amqp, sealed.authority, 20)
    for refused in (
        lambda: tls_clients.by_kombu(sealed.amqp, sealed.stranger),
        lambda: tls_clients.by_aiormq(sealed.amqp, sealed.stranger, 1),
        lambda: tls_clients.by_kombu(sealed.amqp_in_clear, sealed.authority),
    ):
        with pytest.raises(REFUSED):
            refused()


def test_k32_operators_commands_check_the_brokers_certificate(sealed: Sealed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(sealed.stranger))
    with pytest.raises(OSError, match="certificate verify failed"):
        ping._connect_to_broker(sealed.amqp)
    with pytest.raises(OSError, match="certificate verify failed"):
        management.request(sealed.management, "GET", "/api/overview")
    monkeypatch.setenv("SSL_CERT_FILE", str(sealed.authority))
    ping._connect_to_broker(sealed.amqp)
    assert management.request(sealed.management, "GET", "/api/overview")["product_name"] == "RabbitMQ"
