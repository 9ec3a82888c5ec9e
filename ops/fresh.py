"""Empty what the tests own on their servers: the vhost, the databases, the buckets. Nothing else is ever touched."""

import urllib.error
import urllib.request
from base64 import b64encode
from urllib.parse import quote, unquote, urlsplit

import psycopg
from psycopg import sql

from ops.endpoints import TEST_NAMES, ObjectStoreEndpoint
from ops.provision import Bucket, delete_bucket
from ops.stack import Stack

PATIENCE = 30  # seconds for one request


class NotTheTests(Exception):
    """The names are not those of the tests: nothing was deleted."""


def empty(stack: Stack) -> None:
    """Delete vhost, databases, buckets and mails of the tests' *stack*, present or not. Raises NotTheTests."""
    if stack.names != TEST_NAMES:
        raise NotTheTests(f"{stack.names} are not the tests' names")
    _delete(stack.endpoints.management, f"/api/vhosts/{quote(stack.names.vhost, safe='')}")
    _drop_databases(stack.endpoints.postgres, list(stack.settings.databases.values()))
    for bucket in stack.settings.buckets.values():
        delete_bucket(_bucket(stack.endpoints.object_store, bucket))
    if "mailcatcher" in stack.endpoints.private and stack.endpoints.mailbox:
        _delete(stack.endpoints.mailbox, "/api/v1/messages")


def _drop_databases(url: str, names: list[str]) -> None:
    with psycopg.connect(url, autocommit=True) as server:
        for name in names:
            server.execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name)))


def _bucket(store: ObjectStoreEndpoint, name: str) -> Bucket:
    return Bucket(
        endpoint=store.url,
        region=store.region,
        access_key=store.admin.access,
        secret_key=store.admin.secret,
        name=name,
    )


def _delete(address: str, path: str) -> None:
    parts = urlsplit(address)
    headers = {}
    if parts.username:
        login = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        headers["Authorization"] = f"Basic {b64encode(login.encode()).decode()}"
    url = f"{parts.scheme}://{parts.hostname}:{parts.port}{path}"
    request = urllib.request.Request(url, method="DELETE", headers=headers)  # noqa: S310 - the operators' own address
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE):  # noqa: S310 - see above
            return
    except urllib.error.HTTPError as exc:
        if exc.code != 404:
            raise
