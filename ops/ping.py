"""`espace ping`: does every part answer?"""

import smtplib
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import kombu
import psycopg
from espace_contracts.registry import SERVICES

from chassis.tls import broker_options
from ops.delivery import vhost_of
from ops.management import queues
from ops.provision import Bucket, store_client

SECONDS = 5


def ping(environment: Mapping[str, str]) -> list[dict[str, Any]]:
    """One line a part: its name, whether it answered, in how many milliseconds, and what was wrong."""
    checks: dict[str, Callable[[], Any]] = {
        "broker": lambda: _connect_to_broker(environment["OPS_RABBITMQ_URL"]),
        "object store": lambda: _list_buckets(environment),
        "mail server": lambda: _noop(environment),
    }
    for service in SERVICES:
        url = environment[f"{service.upper()}_WORKER_DATABASE_URL"]
        checks[f"database {service}"] = partial(_connect, url)
        checks[f"service {service}"] = partial(_has_consumer, environment, service)
    return [_check(name, check) for name, check in checks.items()]


def _check(name: str, check: Callable[[], Any]) -> dict[str, Any]:
    started = time.monotonic()
    fault = None
    try:
        check()
    except Exception as exc:
        fault = f"{type(exc).__name__}: {str(exc).splitlines()[0] if str(exc) else ''}"[:200]
    return {
        "part": name,
        "ok": fault is None,
        "milliseconds": round((time.monotonic() - started) * 1000, 1),
        "fault": fault,
    }


def _connect_to_broker(url: str) -> None:
    with kombu.Connection(url, ssl=broker_options(url, None), connect_timeout=SECONDS) as connection:
        connection.connect()


def _connect(url: str) -> None:
    psycopg.connect(url, connect_timeout=SECONDS).close()


def _has_consumer(environment: Mapping[str, str], service: str) -> None:
    """A service lives when somebody takes requests from its queue."""
    found = {
        queue["name"]: queue for queue in queues(environment["OPS_RABBITMQ_MANAGEMENT_URL"], vhost_of(environment))
    }
    if not found.get(f"rpc-{service}", {}).get("consumers"):
        raise ConnectionError("nobody takes its requests")


def _list_buckets(environment: Mapping[str, str]) -> None:
    client = store_client(
        Bucket(
            endpoint=environment["OPS_S3_ENDPOINT"],
            region=environment.get("OPS_S3_REGION", "us-east-1"),
            access_key=environment["OPS_S3_ACCESS_KEY"],
            secret_key=environment["OPS_S3_SECRET_KEY"],
            name="",
        )
    )
    try:
        client.list_buckets()
    finally:
        client.close()


def _noop(environment: Mapping[str, str]) -> None:
    parts = urlsplit(environment["OPS_SMTP_URL"])
    with smtplib.SMTP(parts.hostname or "", parts.port or 25, timeout=SECONDS) as server:
        server.noop()
