"""A whole portal's data of its own on the tests' servers: databases, buckets and vhost with names of their own."""

import uuid
from collections.abc import Iterator
from urllib.parse import urlsplit

import psycopg
import pytest
from psycopg import sql

from ops.management import request
from ops.migrate import BUCKET_OWNERS, bucket_of, migrate
from ops.provision import delete_bucket
from tests.service.stack import stack


@pytest.fixture
def portal() -> Iterator[dict[str, str]]:
    """The administrators' settings of an empty, migrated portal; all of it is gone afterwards."""
    settings, mark = dict(stack()["migrate"]), f"ops-{uuid.uuid4().hex[:8]}"
    databases = []
    for name, value in settings.items():
        if name.endswith("DATABASE_URL"):
            databases.append(f"{mark}-{name.partition('_')[0].lower()}")
            settings[name] = urlsplit(value)._replace(path=f"/{databases[-1]}").geturl()
        elif name.endswith("_AMQP_URL") or name == "OPS_RABBITMQ_URL":
            settings[name] = urlsplit(value)._replace(path=f"/{mark}").geturl()
    settings |= {f"{owner.upper()}_S3_BUCKET": f"{mark}-{owner}" for owner in BUCKET_OWNERS}
    settings["OPS_BROKER_CLIENTS"] = ""
    migrate(settings)
    yield settings
    request(settings["OPS_RABBITMQ_MANAGEMENT_URL"], "DELETE", f"/api/vhosts/{mark}")
    with psycopg.connect(settings["OPS_POSTGRES_URL"], autocommit=True) as server:
        for name in set(databases):
            server.execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name)))
    for owner in BUCKET_OWNERS:
        delete_bucket(bucket_of(owner, settings))
