"""Payments as a running process on a topology of its own, and broker users made by the operators' command."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from click.testing import CliRunner
from psycopg import sql

from ops.cli import main
from ops.provision import Bucket, ServiceDatabase
from tests.service.conftest import urls_of
from tests.service.payments.running import RunningPayments
from tests.service.stack import stack


@pytest.fixture(scope="package")
def payments_urls(migrated: Callable[[str], str]) -> Iterator[ServiceDatabase]:
    """A fresh database of the service, for as long as its process runs."""
    admin = stack()["migrate"]["OPS_POSTGRES_URL"]
    name = f"{migrated('payments')}_clients"
    with psycopg.connect(admin, autocommit=True) as server:
        statement = sql.SQL("create database {} template {} owner payments_owner")
        server.execute(statement.format(sql.Identifier(name), sql.Identifier(migrated("payments"))))
    yield urls_of("payments", name)
    with psycopg.connect(admin, autocommit=True) as server:
        server.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))


@pytest.fixture(scope="package")
def running_payments(
    payments_urls: ServiceDatabase, bucket: Bucket, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningPayments]:
    """The process, on a vhost with the whole topology."""
    service = RunningPayments(
        tmp_path_factory.mktemp("clients"),
        {
            "PAYMENTS_DATABASE_URL": payments_urls.app_url,
            "PAYMENTS_WORKER_DATABASE_URL": payments_urls.worker_url,
            "PAYMENTS_S3_ENDPOINT": bucket.endpoint,
            "PAYMENTS_S3_ACCESS_KEY": bucket.access_key,
            "PAYMENTS_S3_SECRET_KEY": bucket.secret_key,
            "PAYMENTS_S3_BUCKET": bucket.name,
        },
    )
    service.start()
    yield service
    assert service.stop() == 0


@pytest.fixture
def client(running_payments: RunningPayments) -> Iterator[Callable[[str], str]]:
    """`client("funder.x")`: the address of a user that `espace bus add-client` has made; gone afterwards."""
    operators = stack()["migrate"]
    vhost = f"/{running_payments.vhost}"
    environment = {
        "OPS_RABBITMQ_MANAGEMENT_URL": operators["OPS_RABBITMQ_MANAGEMENT_URL"],
        "OPS_RABBITMQ_URL": urlsplit(operators["OPS_RABBITMQ_URL"])._replace(path=vhost).geturl(),
    }
    made: list[str] = []

    def add(name: str) -> str:
        made.append(name)
        result = CliRunner().invoke(main, ["bus", "add-client", name, "--json"], env=environment)
        assert result.exit_code == 0, result.output
        return str(json.loads(result.stdout)[0]["amqp"])

    yield add
    for name in made:
        assert CliRunner().invoke(main, ["bus", "remove-client", name], env=environment).exit_code == 0


@pytest.fixture
def program(tmp_path: Path) -> Callable[[str, str], Path]:
    """`program(name, text)`: a file to run."""

    def keep(name: str, text: str) -> Path:
        path = tmp_path / f"{name}.py"
        path.write_text(text, encoding="utf-8")
        return path

    return keep
