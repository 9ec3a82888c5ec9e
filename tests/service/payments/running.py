"""The service as a process of its own, on a vhost, a database and a bucket of its own, reached only by the bus."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
import uuid
from pathlib import Path
from urllib.parse import unquote, urlsplit

import kombu
import psycopg
from amqp.exceptions import NotFound

from chassis.asyncbus import BusClient
from ops.management import request as manage
from ops.provision import provision_broker
from ops.topology import BrokerUser
from tests.service.stack import stack

DEAD = "payments.{type}.dead"


def wait_until(check, seconds=15, what="it"):
    """The first true answer of *check*; fails the test after *seconds*."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := check():
            return found
        time.sleep(0.05)
    raise AssertionError(f"{what} did not happen within {seconds} s")


def free_port():
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class RunningPayments:
    """Start it, publish to it as the funder, call it as the gateway."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        migrate = stack()["migrate"]
        self.management_url = migrate["OPS_RABBITMQ_MANAGEMENT_URL"]
        self.vhost = f"payments-{uuid.uuid4().hex[:8]}"
        self._admin = self._here(migrate["OPS_RABBITMQ_URL"])
        self._gateway = self._here(migrate["GATEWAY_AMQP_URL"])
        self._funder = self._here(migrate["OPS_BROKER_CLIENTS"].split()[0])
        own = self._here(migrate["PAYMENTS_AMQP_URL"])
        users = [urlsplit(url) for url in (own, self._gateway, self._funder)]
        provision_broker(
            self._admin,
            self.management_url,
            [BrokerUser(unquote(user.username or ""), unquote(user.password or "")) for user in users],
        )
        self.port = free_port()
        ours = {"PAYMENTS_AMQP_URL": own, "PAYMENTS_HTTP_PORT": str(self.port)}
        self._environment = os.environ | environment | ours
        self.log = folder / "payments.jsonl"

    @property
    def funder_url(self) -> str:
        """The broker, for a system of the funder."""
        return self._funder

    def _here(self, amqp_url: str) -> str:
        return urlsplit(amqp_url)._replace(path=f"/{self.vhost}").geturl()

    def start(self) -> None:
        """Start the process and wait for its /healthz."""
        command = [sys.executable, "-m", "chassis.process", "services.payments"]
        with self.log.open("wb") as stream:
            self._process = subprocess.Popen(command, env=self._environment, stdout=stream, stderr=subprocess.STDOUT)
        try:
            wait_until(self._healthy, seconds=60, what="the /healthz of payments")
        except AssertionError:
            self.kill()
            raise

    def _healthy(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/healthz", timeout=1) as answer:
                return answer.status == 200
        except OSError:
            return False

    def kill(self) -> None:
        """End it as a machine that fails does."""
        self._process.kill()
        self._process.wait(20)

    def stop(self) -> int:
        """End it as a supervisor would, remove the vhost; the exit code."""
        self._process.send_signal(signal.SIGTERM)
        try:
            return self._process.wait(20)
        finally:
            self._process.kill()
            manage(self.management_url, "DELETE", f"/api/vhosts/{self.vhost}", {})

    def publish(self, data, *, event_id=None, **envelope):
        """Publish *data* (an event of the contracts, or a dictionary) as an outside program would."""
        is_event = hasattr(data, "model_dump")
        body = {
            "specversion": "1.0",
            "id": event_id or str(uuid.uuid4()),
            "source": "urn:test:back-office",
            "type": data.type if is_event else "PaymentIssued.v1",
            "time": "2020-03-01T09:00:00Z",
            "data": data.model_dump(mode="json", exclude_none=True) if is_event else data,
        } | envelope
        with kombu.Connection(self._funder, transport_options={"confirm_publish": True}) as connection:
            kombu.Producer(connection.channel()).publish(
                json.dumps(body).encode(),
                exchange="funder.events",
                routing_key=body["type"],
                content_type="application/json",
                content_encoding="utf-8",
                delivery_mode=2,
            )

    def call(self, method, request, *, user="gateway"):
        """The answer to one call; raises what the caller would see."""

        async def once():
            client = BusClient(self._gateway if user == "gateway" else self._funder)
            await client.start()
            try:
                return await client.call(method, request)
            finally:
                await client.close()

        return asyncio.run(once())

    def consumers(self, queue):
        """How many listen to *queue*; 0 too when it is not there."""
        with kombu.Connection(self._admin) as connection:
            try:
                return connection.channel().queue_declare(queue, passive=True).consumer_count
            except NotFound:
                return 0

    def waiting(self, queue):
        """How many messages of *queue* wait."""
        with kombu.Connection(self._admin) as connection:
            return connection.channel().queue_declare(queue, passive=True).message_count

    def recorded(self, payment_number):
        """How many payments bear this number."""
        with psycopg.connect(self._environment["PAYMENTS_WORKER_DATABASE_URL"]) as connection:
            query = "select count(*) from payments where payment_number = %s"
            return connection.execute(query, (payment_number,)).fetchone()[0]

    def buried(self, event_type):
        """The dead letters of *event_type*, taken away: (reason, body)."""
        found = []
        with kombu.Connection(self._admin) as connection:
            channel = connection.channel()
            while (message := channel.basic_get(DEAD.format(type=event_type), no_ack=True)) is not None:
                body = message.body if isinstance(message.body, bytes) else message.body.encode()
                found.append((message.properties["application_headers"]["x-reason"], json.loads(body)))
        return found
