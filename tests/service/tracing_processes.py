"""identity and the gateway as processes on a topology of their own, and a collector that takes their spans."""

import os
import signal
import subprocess
import sys
import threading
import urllib.request
import uuid
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from ops.management import request as manage
from ops.provision import ServiceDatabase, provision_broker
from ops.topology import BrokerUser
from tests.service.payments.running import free_port
from tests.service.stack import stack
from tests.service.waiting import wait_until


@dataclass(frozen=True)
class Span:
    """One span as the collector got it; ids are hexadecimal, times nanoseconds."""

    process: str
    name: str
    trace_id: str
    span_id: str
    parent_id: str
    began: int
    ended: int
    facts: dict[str, str]


class Collector:
    """Takes OTLP by HTTP, as any OpenTelemetry collector does."""

    def __init__(self) -> None:
        self.spans: list[Span] = []
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                collector.take(self.rfile.read(int(self.headers["Content-Length"])))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                """Quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def endpoint(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> "Collector":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)

    def take(self, body: bytes) -> None:
        """Keep the spans of one export."""
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            process = {fact.key: fact.value.string_value for fact in resource.resource.attributes}["service.name"]
            for scope in resource.scope_spans:
                self.spans += [_span(process, one) for one in scope.spans]

    def of(self, trace_id: str) -> list[Span]:
        """The spans of one trace, in the order of their beginning."""
        return sorted((span for span in self.spans if span.trace_id == trace_id), key=lambda span: span.began)


def _span(process: str, one: Any) -> Span:
    facts = {fact.key: str(fact.value) for fact in one.attributes}
    ids = (one.trace_id.hex(), one.span_id.hex(), one.parent_span_id.hex())
    return Span(process, one.name, *ids, one.start_time_unix_nano, one.end_time_unix_nano, facts)


def drawn(spans: list[Span]) -> str:
    """*spans* of one trace as a tree: when each began, how long it took (milliseconds), who did what."""
    first = spans[0].began
    known = {span.span_id for span in spans}

    def lines(parents: set[str], depth: int) -> list[str]:
        found = []
        for span in spans:
            if (span.parent_id in parents) if depth else (span.parent_id not in known):
                at, took = (span.began - first) / 1e6, (span.ended - span.began) / 1e6
                found.append(f"{at:8.1f} {took:8.1f}  {'  ' * depth}{span.process}: {span.name}")
                found += lines({span.span_id}, depth + 1)
        return found

    return "\n".join(lines(set(), 0))


class TracedPortal:
    """identity and the gateway, sending their spans to *endpoint*, on a vhost of their own."""

    def __init__(self, folder: Path, database: ServiceDatabase, endpoint: str) -> None:
        self._folder, self._running = folder, []
        self._vhost = f"traces-{uuid.uuid4().hex[:8]}"
        migrate = stack()["migrate"]
        self._management = migrate["OPS_RABBITMQ_MANAGEMENT_URL"]
        self.funder_amqp = self._here(migrate["OPS_BROKER_CLIENTS"].split()[0])
        ports = {name: str(free_port()) for name in ("identity", "gateway", "operators")}
        self.address = f"http://127.0.0.1:{ports['gateway']}"
        self.variables = {
            "identity": stack()["processes"]["identity"]
            | {
                "IDENTITY_DATABASE_URL": database.app_url,
                "IDENTITY_WORKER_DATABASE_URL": database.worker_url,
                "IDENTITY_HTTP_PORT": ports["identity"],
            },
            "gateway": stack()["processes"]["gateway"]
            | {"GATEWAY_HTTP_PORT": ports["gateway"], "GATEWAY_OPERATORS_PORT": ports["operators"]},
        }
        for name, variables in self.variables.items():
            prefix = name.upper()
            variables[f"{prefix}_OTLP_ENDPOINT"] = endpoint
            variables[f"{prefix}_AMQP_URL"] = self._here(variables[f"{prefix}_AMQP_URL"])
            variables["PUBLIC_URL"] = self.address
        addresses = [self.variables["identity"]["IDENTITY_AMQP_URL"], self.variables["gateway"]["GATEWAY_AMQP_URL"]]
        users = [urlsplit(url) for url in (*addresses, self.funder_amqp)]
        provision_broker(
            self._here(migrate["OPS_RABBITMQ_URL"]),
            self._management,
            [BrokerUser(unquote(user.username or ""), unquote(user.password or "")) for user in users],
        )

    def _here(self, amqp_url: str) -> str:
        return urlsplit(amqp_url)._replace(path=f"/{self._vhost}").geturl()

    def __enter__(self) -> "TracedPortal":
        commands = {"identity": ("chassis.process", "services.identity"), "gateway": ("gateway",)}
        for name, command in commands.items():
            with self.log(name).open("wb") as stream:
                environment = os.environ | self.variables[name]
                started = [sys.executable, "-W", "ignore", "-m", *command]
                self._running.append(subprocess.Popen(started, env=environment, stdout=stream, stderr=stream))
        wait_until(lambda: self._answers(f"{self.address}/readyz"), seconds=60, what="the gateway")
        port = self.variables["identity"]["IDENTITY_HTTP_PORT"]
        wait_until(lambda: self._answers(f"http://127.0.0.1:{port}/readyz"), seconds=60, what="identity")
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._running:
            process.send_signal(signal.SIGTERM)
        for process in self._running:
            process.wait(20)
        manage(self._management, "DELETE", f"/api/vhosts/{self._vhost}", {})

    def log(self, name: str) -> Path:
        """Where *name* writes its log."""
        return self._folder / f"{name}.jsonl"

    @staticmethod
    def _answers(address: str) -> bool:
        try:
            with urllib.request.urlopen(address, timeout=2) as answer:
                return answer.status == 200
        except OSError:
            return False
