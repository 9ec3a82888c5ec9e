"""Private servers, for real: PostgreSQL and the object store."""

import asyncio
import os
import pathlib
import pwd
import tempfile

import boto3
import psycopg
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from ops import ports
from ops.credentials import KeyPair
from ops.folders import StackFolder
from ops.servers import objectstore, postgres, rabbitmq
from ops.servers.placing import Place
from ops.supervisor import Supervisor

PASSWORD = "a password of the tests"
AS_ROOT = os.geteuid() == 0


@pytest.fixture
def numbers():
    with ports.Reservation() as reserved:
        yield ports.choose(offset=3000, free=reserved.take)[0]


@pytest.fixture
def folder():
    """A folder that others may walk through: pytest's own ones are closed to the user that PostgreSQL runs as."""
    with tempfile.TemporaryDirectory(prefix="espace-servers-") as name:
        path = pathlib.Path(name)
        path.chmod(0o711)
        yield path


@pytest.fixture
def place(folder):
    stack = StackFolder(folder / "stack", folder / "stack.json")
    stack.make()
    return Place(stack, durable=False)


def beside(program, work):
    """Start *program*, do *work*, stop it."""

    async def scenario():
        supervisor = Supervisor(say=print)
        await supervisor.start(program)
        try:
            return await asyncio.to_thread(work, supervisor.pid(program.name))
        finally:
            await supervisor.stop()

    return asyncio.run(scenario())


def test_postgres_answers_with_its_password_only(place, numbers):
    program = postgres.prepare(place, port=numbers.postgres, password=PASSWORD)

    def work(pid):
        with psycopg.connect(
            host="127.0.0.1", port=numbers.postgres, user="admin", password=PASSWORD, dbname="postgres"
        ) as connection:
            facts = connection.execute("select lower('É'), current_setting('listen_addresses')").fetchone()
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(host="127.0.0.1", port=numbers.postgres, user="admin", password="x", dbname="postgres")
        return facts, os.stat(f"/proc/{pid}").st_uid

    facts, owner = beside(program, work)
    assert facts == ("é", "127.0.0.1"), "letters have cases beyond ASCII, and nobody else on the network can connect"
    assert owner == (pwd.getpwnam("nobody").pw_uid if AS_ROOT else os.geteuid())


def test_postgres_keeps_its_data_over_a_restart(place, numbers):
    login = {"host": "127.0.0.1", "port": numbers.postgres, "user": "admin", "password": PASSWORD, "dbname": "postgres"}

    def write(_pid):
        with psycopg.connect(**login) as connection:
            connection.execute("create table kept as select 7 as number")

    def read(_pid):
        with psycopg.connect(**login) as connection:
            return connection.execute("select number from kept").fetchall()

    beside(postgres.prepare(place, port=numbers.postgres, password=PASSWORD), write)
    assert beside(postgres.prepare(place, port=numbers.postgres, password=PASSWORD), read) == [(7,)]


def test_data_of_another_major_version_are_refused(place, numbers):
    program = postgres.prepare(place, port=numbers.postgres, password=PASSWORD)
    data = next(part for part in program.command if part.endswith("/data"))
    with open(f"{data}/PG_VERSION", "w") as file:
        file.write("9\n")
    with pytest.raises(postgres.CannotRun, match="another PostgreSQL"):
        postgres.prepare(place, port=numbers.postgres, password=PASSWORD)


def test_a_checkout_that_nobody_can_enter_runs_postgres_outside(folder, numbers, monkeypatch):
    installed = postgres.find_installation().programs
    can_enter = postgres._can_enter
    monkeypatch.setattr(postgres, "_can_enter", lambda path: installed not in path.parents and can_enter(path))
    closed, outside = folder / "home", folder / "outside"
    closed.mkdir(mode=0o700)
    monkeypatch.setattr("ops.folders.OUTSIDE", outside)
    monkeypatch.setattr(postgres, "OUTSIDE", outside)
    stack = StackFolder(closed / "stack", closed / "stack.json")
    stack.make()
    program = postgres.prepare(Place(stack, durable=False), port=numbers.postgres, password=PASSWORD)
    if AS_ROOT:  # who is not runs the server as itself, and can enter
        assert program.command[0].startswith(str(outside / "postgresql-"))
        assert program.command[2].startswith(str(stack.outside))

    def work(_pid):
        psycopg.connect(
            host="127.0.0.1", port=numbers.postgres, user="admin", password=PASSWORD, dbname="postgres"
        ).close()

    beside(program, work)
    assert (stack.path / "postgres").exists() is not AS_ROOT
    data = pathlib.Path(program.command[2])
    assert data.stat().st_mode & 0o077 == 0


OWNER, OTHER, ADMIN = (KeyPair(letter * 20, letter * 40) for letter in "abc")


def s3(port, key):
    return boto3.client(
        "s3",
        endpoint_url=f"http://127.0.0.1:{port}",
        region_name="us-east-1",
        aws_access_key_id=key.access,
        aws_secret_access_key=key.secret,
        config=Config(signature_version="s3v4", s3={"addressing_style": "path"}, retries={"max_attempts": 2}),
    )


def code_of(call, **parameters):
    with pytest.raises(ClientError) as refused:
        call(**parameters)
    return refused.value.response["Error"]["Code"]


def test_k31_a_key_reaches_its_own_bucket_only(place, numbers):
    buckets = {"documents": OWNER, "exports": OTHER}
    program = objectstore.prepare(place, ports=numbers, admin=ADMIN, buckets=buckets)

    def work(_pid):
        for name in buckets:
            s3(numbers.s3, ADMIN).create_bucket(Bucket=name)
        mine, theirs = s3(numbers.s3, OWNER), s3(numbers.s3, OTHER)
        mine.put_object(Bucket="documents", Key="k", Body=b"bytes")
        return (
            mine.get_object(Bucket="documents", Key="k")["Body"].read(),
            code_of(theirs.get_object, Bucket="documents", Key="k"),
            code_of(mine.put_object, Bucket="exports", Key="k", Body=b""),
            code_of(mine.create_bucket, Bucket="another"),
            code_of(s3(numbers.s3, KeyPair(OWNER.access, "x" * 40)).list_objects_v2, Bucket="documents"),
        )

    content, *refusals = beside(program, work)
    assert content == b"bytes"
    assert refusals == ["AccessDenied", "AccessDenied", "AccessDenied", "SignatureDoesNotMatch"]


def test_the_keys_file_is_closed_to_others(place, numbers):
    objectstore.prepare(place, ports=numbers, admin=ADMIN, buckets={"documents": OWNER})
    assert (place.stack.path / "objectstore" / "s3.json").stat().st_mode & 0o077 == 0


def test_nodes_of_two_folders_never_share_a_name(folder, numbers, monkeypatch):
    """Even where both met at one port mapper: it takes each name once."""
    monkeypatch.setattr(rabbitmq, "_newest", lambda _pattern: folder)
    places = [Place(StackFolder(folder / name, folder / "stack.json"), durable=False) for name in ("one", "two")]
    nodes = [rabbitmq.prepare(place, ports=numbers, password=PASSWORD, vhost="v") for place in places]
    names = {node.broker.environment["RABBITMQ_NODENAME"] for node in nodes}
    assert len(names) == 2
    assert {name.partition("@")[2] for name in names} == {"localhost"}
