"""A whole portal's data of its own on the tests' servers: databases, buckets and vhost with names of their own."""

import uuid
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import kombu
import psycopg
import pytest
from psycopg import sql

from ops.backup.buckets import store_of
from ops.management import request
from ops.migrate import BUCKET_OWNERS, bucket_of, provision_own_broker
from ops.provision import delete_bucket, provision_bucket
from ops.topology import queue_specs
from tests.service.stack import stack

SERVICES = ("identity", "payments", "documents")


@pytest.fixture(scope="session")
def shared_places() -> Iterator[dict[str, str]]:
    """Settings with a vhost and buckets that the tests of operators' commands share."""
    settings, mark = dict(stack()["migrate"]), f"ops-{uuid.uuid4().hex[:8]}"
    for name, value in settings.items():
        if name.endswith("_AMQP_URL") or name == "OPS_RABBITMQ_URL":
            settings[name] = urlsplit(value)._replace(path=f"/{mark}").geturl()
    settings |= {f"{owner.upper()}_S3_BUCKET": f"{mark}-{owner}" for owner in BUCKET_OWNERS}
    settings["OPS_BROKER_CLIENTS"] = ""
    provision_own_broker(settings)
    for owner in BUCKET_OWNERS:
        provision_bucket(bucket_of(owner, settings))
    yield settings
    request(settings["OPS_RABBITMQ_MANAGEMENT_URL"], "DELETE", f"/api/vhosts/{mark}")
    for owner in BUCKET_OWNERS:
        delete_bucket(bucket_of(owner, settings))


@pytest.fixture
def portal(shared_places: dict[str, str], migrated: Callable[[str], str]) -> Iterator[dict[str, str]]:
    """The administrators' settings of an empty, migrated portal; what a test left is gone afterwards."""
    settings, mark = dict(shared_places), f"ops_{uuid.uuid4().hex[:8]}"
    for name, value in settings.items():
        if name.endswith("DATABASE_URL"):
            settings[name] = urlsplit(value)._replace(path=f"/{mark}_{name.partition('_')[0].lower()}").geturl()
    with psycopg.connect(settings["OPS_POSTGRES_URL"], autocommit=True) as server:
        for service in SERVICES:
            names = [sql.Identifier(name) for name in (f"{mark}_{service}", migrated(service), f"{service}_owner")]
            server.execute(sql.SQL("create database {} template {} owner {}").format(*names))
        yield settings
        for service in SERVICES:
            name = sql.Identifier(f"{mark}_{service}")
            server.execute(sql.SQL("drop database if exists {} with (force)").format(name))
    with kombu.Connection(settings["OPS_RABBITMQ_URL"]) as connection:
        channel = connection.channel()
        for spec in queue_specs():
            channel.queue_purge(spec.name)
    for owner in BUCKET_OWNERS:
        store = store_of(bucket_of(owner, settings))
        for key in list(store.keys()):
            store.delete(key)
