"""`espace migrate`: bring servers and databases to what this version needs, once, before the processes start."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from urllib.error import HTTPError
from urllib.parse import unquote, urlsplit

import psycopg
import sqlalchemy.exc
from botocore.exceptions import BotoCoreError, ClientError
from espace_contracts.registry import SERVICES
from espace_contracts.rpc import GATEWAY

from chassis.migrations import upgrade
from ops.categories import apply_shipped
from ops.provision import Bucket, ServiceDatabase, provision_broker, provision_bucket, provision_database
from ops.topology import BrokerUser

BUCKET_OWNERS = ("payments", "documents")
# What a server that is away or refuses us makes its client raise; a fault of a migration itself is none of these.
AWAY = (psycopg.OperationalError, sqlalchemy.exc.OperationalError, OSError, BotoCoreError, ClientError)


class ServerRefuses(Exception):
    """A server is away or does not let us in; the message names it and its reason."""


def migrate(environment: Mapping[str, str]) -> None:
    """Provision and migrate by the settings in *environment*; safe to run again and at the same time.

    Raises ServerRefuses.

    The categories of documents that are shipped with this version come in too, where operators have none of their own.
    Outside clients of the broker may be given as OPS_BROKER_CLIENTS, a list of AMQP URLs separated by spaces.
    """
    with _asked("PostgreSQL"):
        for service in SERVICES:
            database = database_of(service, environment)
            provision_database(environment["OPS_POSTGRES_URL"], database)
            upgrade(service, database.owner_url)
        apply_shipped(environment)
    with _asked("The broker's management API"):
        provision_own_broker(environment)
    with _asked("The object store"):
        for service in BUCKET_OWNERS:
            provision_bucket(bucket_of(service, environment))


@contextmanager
def _asked(server: str) -> Iterator[None]:
    try:
        yield
    except AWAY as exc:
        reason = f"{exc} {exc.read().decode(errors='replace')}" if isinstance(exc, HTTPError) else str(exc)
        raise ServerRefuses(f"{server}: {' '.join(reason.split())}") from exc


def provision_own_broker(environment: Mapping[str, str]) -> None:
    """The vhost with its queues and users. Raises OSError when the management API refuses or is away."""
    provision_broker(
        environment["OPS_RABBITMQ_URL"], environment["OPS_RABBITMQ_MANAGEMENT_URL"], _broker_users(environment)
    )


def database_of(service: str, environment: Mapping[str, str]) -> ServiceDatabase:
    """The ways into the database of *service*."""
    prefix = service.upper()
    return ServiceDatabase(
        service=service,
        owner_url=environment[f"{prefix}_OWNER_DATABASE_URL"],
        app_url=environment[f"{prefix}_DATABASE_URL"],
        worker_url=environment[f"{prefix}_WORKER_DATABASE_URL"],
    )


def _broker_users(environment: Mapping[str, str]) -> list[BrokerUser]:
    urls = [environment[f"{process.upper()}_AMQP_URL"] for process in (*SERVICES, GATEWAY)]
    urls += environment.get("OPS_BROKER_CLIENTS", "").split()
    parts = [urlsplit(url) for url in urls]
    return [BrokerUser(unquote(part.username or ""), unquote(part.password or "")) for part in parts]


def bucket_of(service: str, environment: Mapping[str, str]) -> Bucket:
    """The administrator's way to the bucket of *service*."""
    return Bucket(
        endpoint=environment["OPS_S3_ENDPOINT"],
        region=environment.get("OPS_S3_REGION", "us-east-1"),
        access_key=environment["OPS_S3_ACCESS_KEY"],
        secret_key=environment["OPS_S3_SECRET_KEY"],
        name=environment[f"{service.upper()}_S3_BUCKET"],
    )
