"""Make what the services need on the servers: databases and their roles, the broker's topology, buckets.

Everything here can be run again: it creates what is missing and sets what differs.
"""

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, unquote, urlsplit

import boto3
import psycopg
from botocore.config import Config
from psycopg import sql

from ops.management import request
from ops.topology import BrokerUser, definitions

ROLES = ("owner", "app", "worker")


@dataclass(frozen=True)
class ServiceDatabase:
    """The three ways into one service's database: URLs of its roles `<service>_owner`, `_app`, `_worker`."""

    service: str
    owner_url: str
    app_url: str
    worker_url: str

    @property
    def name(self) -> str:
        """Name of the database."""
        return urlsplit(self.owner_url).path.lstrip("/")


@dataclass(frozen=True)
class Bucket:
    """The administrator's way to the object store, and a bucket that must be there."""

    endpoint: str
    region: str
    access_key: str
    secret_key: str
    name: str


def provision_database(admin_url: str, database: ServiceDatabase) -> None:
    """Roles, database and default rights of one service; the public role gets nothing."""
    urls = {"owner": database.owner_url, "app": database.app_url, "worker": database.worker_url}
    with psycopg.connect(admin_url, autocommit=True) as server:
        for role in ROLES:
            _ensure_role(server, f"{database.service}_{role}", unquote(urlsplit(urls[role]).password or ""))
        if not server.execute("select 1 from pg_database where datname = %s", (database.name,)).fetchone():
            owner = sql.Identifier(f"{database.service}_owner")
            server.execute(
                sql.SQL("create database {} owner {} encoding 'UTF8' template template0").format(
                    sql.Identifier(database.name), owner
                )
            )
    with psycopg.connect(_in_database(admin_url, database.name), autocommit=True) as inside:
        for statement in _rights(database):
            inside.execute(statement)


def _ensure_role(server: psycopg.Connection, role: str, password: str) -> None:
    known = server.execute("select 1 from pg_roles where rolname = %s", (role,)).fetchone()
    verb = "alter" if known else "create"
    server.execute(
        sql.SQL("{} role {} login nosuperuser nobypassrls nocreatedb nocreaterole password {}").format(
            sql.SQL(verb), sql.Identifier(role), sql.Literal(password)
        )
    )


def _rights(database: ServiceDatabase) -> list[sql.Composed]:
    owner, app, worker = (sql.Identifier(f"{database.service}_{role}") for role in ROLES)
    name = sql.Identifier(database.name)
    users = sql.SQL(", ").join((app, worker))
    everything = sql.SQL("select, insert, update, delete")
    return [
        sql.SQL("revoke all on database {} from public").format(name),
        sql.SQL("grant connect on database {} to {}, {}").format(name, owner, users),
        sql.SQL("alter schema public owner to {}").format(owner),
        sql.SQL("revoke all on schema public from public").format(),
        sql.SQL("grant usage on schema public to {}").format(users),
        sql.SQL("alter default privileges for role {} in schema public grant {} on tables to {}").format(
            owner, everything, users
        ),
        sql.SQL("alter default privileges for role {} in schema public grant usage, select on sequences to {}").format(
            owner, users
        ),
    ]


def _in_database(url: str, name: str) -> str:
    return urlsplit(url)._replace(path=f"/{name}").geturl()


def provision_broker(amqp_url: str, management_url: str, users: list[BrokerUser]) -> None:
    """Import the whole topology in one request. Raises OSError when the management API refuses or is away."""
    vhost = unquote(urlsplit(amqp_url).path[1:]) or "/"
    administrator = unquote(urlsplit(management_url).username or "")
    request(management_url, "PUT", f"/api/vhosts/{quote(vhost, safe='')}", {})
    everything = {"configure": ".*", "write": ".*", "read": ".*"}
    request(management_url, "PUT", f"/api/permissions/{quote(vhost, safe='')}/{quote(administrator)}", everything)
    request(management_url, "POST", "/api/definitions", definitions(vhost, users))


def provision_bucket(bucket: Bucket) -> None:
    """Create the bucket unless it is there; it is private."""
    client = store_client(bucket)
    if bucket.name not in _names(client):
        client.create_bucket(Bucket=bucket.name)


def delete_bucket(bucket: Bucket) -> None:
    """Delete the bucket with all that is in it; one that is not there is as good as deleted."""
    client = store_client(bucket)
    if bucket.name not in _names(client):
        return
    for page in client.get_paginator("list_objects_v2").paginate(Bucket=bucket.name):
        for entry in page.get("Contents", ()):
            client.delete_object(Bucket=bucket.name, Key=entry["Key"])
    client.delete_bucket(Bucket=bucket.name)


def _names(client: Any) -> set[str]:
    return {entry["Name"] for entry in client.list_buckets()["Buckets"]}


def store_client(bucket: Bucket) -> Any:
    """The administrator's client of the store that *bucket* lies in."""
    return boto3.client(
        "s3",
        endpoint_url=bucket.endpoint,
        region_name=bucket.region,
        aws_access_key_id=bucket.access_key,
        aws_secret_access_key=bucket.secret_key,
        config=Config(
            signature_version="s3v4",
            s3={"addressing_style": "path"},
            connect_timeout=3,
            read_timeout=30,
            retries={"max_attempts": 5},
        ),
    )
