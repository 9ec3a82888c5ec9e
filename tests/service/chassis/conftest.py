"""The toy service as a process of its own, on a vhost and a database of its own."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import kombu
import psycopg
import pytest
from psycopg import sql

from chassis.database import engine_for
from chassis.topology import event_queues, rpc_queues
from ops.management import request as manage
from ops.provision import ServiceDatabase, provision_database
from tests.service.chassis.toy import contract as api
from tests.service.stack import stack
from tests.service.waiting import wait_until


@dataclass
class Toy:
    """A running toy service and the ways to look at it."""

    amqp_url: str
    management_url: str
    database: ServiceDatabase
    folder: Path
    port: int
    process: subprocess.Popen[bytes] | None = None
    logs: list[Path] = field(default_factory=list)

    def start(self) -> None:
        """Start the process and wait for its /healthz."""
        log = self.folder / f"toy-{len(self.logs)}.log"
        self.logs.append(log)
        environment = os.environ | {
            "TOY_AMQP_URL": self.amqp_url,
            "TOY_DATABASE_URL": self.database.app_url,
            "TOY_WORKER_DATABASE_URL": self.database.worker_url,
            "TOY_HTTP_PORT": str(self.port),
            "TOY_MARK": str(self.folder / "mark"),
        }
        command = [sys.executable, "-W", "ignore", "-m", "chassis.process", "tests.service.chassis.toy"]
        with log.open("wb") as stream:
            self.process = subprocess.Popen(command, env=environment, stdout=stream, stderr=subprocess.STDOUT)
        wait_until(self.healthy, seconds=60, what="the toy's /healthz")

    def healthy(self) -> bool:
        """Whether /healthz answers."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/healthz", timeout=1) as answer:
                return answer.status == 200
        except OSError:
            return False

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Send the signal and wait for the end; the exit code."""
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(20)

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self.process is not None and self.process.poll() is None

    def rows(self, query: str) -> list[Any]:
        """Rows of *query* as the owner sees them."""
        with psycopg.connect(self.database.owner_url) as connection:
            return connection.execute(query).fetchall()

    def holds_transaction(self) -> bool:
        """Whether a worker stands in the middle of a transaction."""
        query = "select 1 from pg_stat_activity where state = 'idle in transaction' and datname = %s"
        with psycopg.connect(stack()["migrate"]["OPS_POSTGRES_URL"]) as connection:
            return connection.execute(query, (self.database.name,)).fetchone() is not None

    def notes(self) -> list[str]:
        """The lines that were written, sorted."""
        return sorted(row[0] for row in self.rows("select text from note"))

    def poke(self, text: str, **changes: Any) -> str:
        """Publish an event as an outside program would; its id."""
        event = {
            "specversion": "1.0",
            "id": str(uuid.uuid4()),
            "source": "urn:test",
            "type": "Poked.v1",
            "time": "2026-01-01T00:00:00Z",
            "data": {"text": text},
        } | changes
        self.publish(json.dumps(event).encode())
        return str(event["id"])

    def publish(self, body: bytes, **properties: Any) -> None:
        """Publish raw bytes on the way to the toy's handler."""
        properties = {"content_type": "application/json", "content_encoding": "utf-8"} | properties
        with kombu.Connection(self.amqp_url, transport_options={"confirm_publish": True}) as connection:
            kombu.Producer(connection.channel()).publish(
                body, exchange="funder.events", routing_key="Poked.v1", serializer=None, delivery_mode=2, **properties
            )

    def take(self, queue: str) -> list[Any]:
        """All messages of *queue*, taken away."""
        found = []
        with kombu.Connection(self.amqp_url) as connection:
            channel = connection.channel()
            while (message := channel.basic_get(queue, no_ack=True)) is not None:
                found.append(message)
        return found

    def call(self, method: str, *arguments: Any, seconds: float = 5, **properties: Any) -> Any:
        """Call as a plain kombu program would; the reply's JSON, or None when none came in time."""
        reply: list[Any] = []
        with kombu.Connection(self.amqp_url) as connection:
            channel = connection.channel()
            exchange = kombu.Exchange("nameko-rpc", type="topic")
            queue = kombu.Queue(
                f"rpc.reply-{uuid.uuid4()}", exchange, str(uuid.uuid4()), exclusive=True, durable=False
            )(channel)
            queue.declare()
            payload = {"args": list(arguments), "kwargs": {}}
            properties = {"reply_to": queue.routing_key, "correlation_id": "1"} | properties
            kombu.Producer(channel).publish(
                payload, exchange="nameko-rpc", routing_key=f"toy.{method}", serializer="json", **properties
            )
            with kombu.Consumer(channel, queues=[queue], callbacks=[lambda body, _: reply.append(body)], no_ack=True):
                deadline = time.monotonic() + seconds
                while not reply and time.monotonic() < deadline:
                    try:
                        connection.drain_events(timeout=0.2)
                    except TimeoutError:
                        continue
        return reply[0] if reply else None


def _make_vhost(management_url: str, name: str) -> None:
    user = urlsplit(management_url).username
    manage(management_url, "PUT", f"/api/vhosts/{name}", {})
    everything = {"configure": ".*", "write": ".*", "read": ".*"}
    manage(management_url, "PUT", f"/api/permissions/{name}/{user}", everything)
    specs = event_queues("toy", api.Poked) + event_queues("toy", api.Counted) + rpc_queues("toy")
    exchanges = {(wanted.exchange, wanted.exchange_type) for spec in specs for wanted in spec.bindings}
    for exchange, kind in {*exchanges, ("toy.events", "topic")}:
        manage(management_url, "PUT", f"/api/exchanges/{name}/{exchange}", {"type": kind, "durable": True})
    for spec in specs:  # as `espace migrate` does: what is published before the first start must wait
        queue = {"durable": True, "arguments": spec.arguments}
        manage(management_url, "PUT", f"/api/queues/{name}/{spec.name}", queue)
        for wanted in spec.bindings:
            path = f"/api/bindings/{name}/e/{wanted.exchange}/q/{spec.name}"
            manage(management_url, "POST", path, {"routing_key": wanted.routing_key, "arguments": {}})


def _make_database(admin: str) -> ServiceDatabase:
    parts = urlsplit(admin)
    name = f"toy_{uuid.uuid4().hex[:8]}"

    def url(role: str) -> str:
        return parts._replace(netloc=f"toy_{role}:toy@{parts.hostname}:{parts.port}", path=f"/{name}").geturl()

    database = ServiceDatabase("toy", url("owner"), url("app"), url("worker"))
    provision_database(admin, database)
    return database


def _create_tables(database: ServiceDatabase) -> None:
    from alembic.migration import MigrationContext
    from alembic.operations import Operations

    from chassis.schema import delivery_tables, outbox_horizon

    engine = engine_for(database.owner_url, name="toy-owner")
    with engine.begin() as connection, Operations.context(MigrationContext.configure(connection)):
        delivery_tables()
        outbox_horizon()
        connection.exec_driver_sql("create table note (id bigint generated always as identity, text text not null)")
    engine.dispose()


@pytest.fixture(scope="module")
def toy_servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Toy]:
    """The toy's vhost and database; the process is not started yet."""
    migrate = stack()["migrate"]
    vhost = f"toy-{uuid.uuid4().hex[:8]}"
    _make_vhost(migrate["OPS_RABBITMQ_MANAGEMENT_URL"], vhost)
    database = _make_database(migrate["OPS_POSTGRES_URL"])
    _create_tables(database)
    parts = urlsplit(migrate["OPS_RABBITMQ_URL"])
    toy = Toy(
        amqp_url=parts._replace(path=f"/{quote(vhost)}").geturl(),
        management_url=migrate["OPS_RABBITMQ_MANAGEMENT_URL"],
        database=database,
        folder=tmp_path_factory.mktemp("toy"),
        port=stack()["free_port"],
    )
    yield toy
    if toy.alive:
        toy.stop(signal.SIGKILL)
    manage(migrate["OPS_RABBITMQ_MANAGEMENT_URL"], "DELETE", f"/api/vhosts/{vhost}", {})
    with psycopg.connect(migrate["OPS_POSTGRES_URL"], autocommit=True) as server:
        server.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(database.name)))


@pytest.fixture
def toy(toy_servers: Toy) -> Toy:
    """The running toy service, without notes."""
    if not toy_servers.alive:
        toy_servers.start()
    with psycopg.connect(toy_servers.database.owner_url) as connection:
        connection.execute("truncate note")
    return toy_servers
