"""Real servers for the tests of services: a fresh database each, a bucket of its own."""

import uuid
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import psycopg
import pytest
from psycopg import sql
from pydantic import SecretStr

from chassis.database import Database, engine_for
from chassis.migrations import upgrade
from chassis.objectstore import ObjectStore
from chassis.settings import ObjectStoreSettings
from ops.provision import Bucket, ServiceDatabase, provision_bucket, provision_database
from tests.service.stack import stack


def _named(url: str, database: str) -> str:
    return urlsplit(url)._replace(path=f"/{database}").geturl()


def urls_of(service: str, database: str) -> ServiceDatabase:
    """The three roles of *service*, with the passwords that its processes have, in another database."""
    environment = stack()["processes"].get(service, {}) | stack()["migrate"]
    prefix = service.upper()
    return ServiceDatabase(
        service=service,
        owner_url=_named(environment[f"{prefix}_OWNER_DATABASE_URL"], database),
        app_url=_named(environment[f"{prefix}_DATABASE_URL"], database),
        worker_url=_named(environment[f"{prefix}_WORKER_DATABASE_URL"], database),
    )


@pytest.fixture(scope="session")
def migrated() -> Iterator[Callable[[str], str]]:
    """The name of a migrated, empty database of a service; made once."""
    admin = stack()["migrate"]["OPS_POSTGRES_URL"]
    names: dict[str, str] = {}

    def of(service: str) -> str:
        if service not in names:
            names[service] = f"template_{service}_{uuid.uuid4().hex[:8]}"
            urls = urls_of(service, names[service])
            provision_database(admin, urls)
            upgrade(service, urls.owner_url)
        return names[service]

    yield of
    with psycopg.connect(admin, autocommit=True) as server:
        for name in names.values():
            server.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))


@pytest.fixture
def service_db(migrated: Callable[[str], str]) -> Iterator[Callable[[str], Database]]:
    """Databases of services, each a fresh copy, gone afterwards."""
    admin = stack()["migrate"]["OPS_POSTGRES_URL"]
    made: list[tuple[str, Database]] = []

    def of(service: str) -> Database:
        name = f"{service}_{uuid.uuid4().hex[:12]}"
        with psycopg.connect(admin, autocommit=True) as server:
            server.execute(
                sql.SQL("create database {} template {} owner {}").format(
                    sql.Identifier(name), sql.Identifier(migrated(service)), sql.Identifier(f"{service}_owner")
                )
            )
        urls = urls_of(service, name)
        database = Database(
            service=service,
            app=engine_for(urls.app_url, name="test-app"),
            worker=engine_for(urls.worker_url, name="test-worker"),
        )
        made.append((name, database))
        return database

    yield of
    for name, database in made:
        database.close()
        with psycopg.connect(admin, autocommit=True) as server:
            server.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))


@pytest.fixture
def identity_db(service_db: Callable[[str], Database]) -> Database:
    """A fresh database of identity."""
    return service_db("identity")


@pytest.fixture
def payments_db(service_db: Callable[[str], Database]) -> Database:
    """A fresh database of payments."""
    return service_db("payments")


@pytest.fixture
def documents_db(service_db: Callable[[str], Database]) -> Database:
    """A fresh database of documents."""
    return service_db("documents")


@pytest.fixture(scope="session")
def bucket() -> Bucket:
    """One bucket for all tests: each bucket takes volumes of the store, and those run out."""
    migrate = stack()["migrate"]
    made = Bucket(
        endpoint=migrate["OPS_S3_ENDPOINT"],
        region="us-east-1",
        access_key=migrate["OPS_S3_ACCESS_KEY"],
        secret_key=migrate["OPS_S3_SECRET_KEY"],
        name=f"test-{uuid.uuid4().hex[:12]}",
    )
    provision_bucket(made)
    return made


@pytest.fixture
def object_store(bucket: Bucket) -> Iterator[ObjectStore]:
    """An empty bucket, emptied afterwards."""
    store = ObjectStore(
        ObjectStoreSettings(
            s3_endpoint=bucket.endpoint,
            s3_access_key=SecretStr(bucket.access_key),
            s3_secret_key=SecretStr(bucket.secret_key),
            s3_bucket=bucket.name,
        )
    )
    yield store
    for key in list(store.keys()):
        store.delete(key)
