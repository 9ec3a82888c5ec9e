"""`espace bus add-client`: a broker user for an outside system, with the rights of its kind and no other."""

import secrets
from collections.abc import Mapping
from urllib.parse import quote, unquote, urlsplit

from ops.delivery import vhost_of
from ops.management import request
from ops.topology import BrokerUser, user_definitions


def add_client(environment: Mapping[str, str], name: str) -> str:
    """Make the user *name* (`<kind>.<name>`) or give it a new password; its AMQP address, which is shown once.

    Raises ValueError for a name outside the naming rule, OSError when the broker refuses.
    """
    vhost = vhost_of(environment)
    user = BrokerUser(name, secrets.token_urlsafe(24))
    _make(environment, user)
    parts = urlsplit(environment["OPS_RABBITMQ_URL"])
    host = f"{parts.hostname}:{parts.port or 5672}"
    return f"{parts.scheme}://{quote(name)}:{user.password}@{host}/{quote(vhost, safe='')}"


def provision_client(environment: Mapping[str, str], url: str) -> None:
    """Make the user that the AMQP address *url* names, with its password. Raises ValueError, OSError."""
    parts = urlsplit(url)
    _make(environment, BrokerUser(unquote(parts.username or ""), unquote(parts.password or "")))


def _make(environment: Mapping[str, str], user: BrokerUser) -> None:
    entries = user_definitions(vhost_of(environment), [user])
    request(environment["OPS_RABBITMQ_MANAGEMENT_URL"], "POST", "/api/definitions", entries)


def remove_client(environment: Mapping[str, str], name: str) -> None:
    """Take the user away; its connections are closed by the broker. Raises OSError."""
    request(environment["OPS_RABBITMQ_MANAGEMENT_URL"], "DELETE", f"/api/users/{quote(name, safe='')}")
