"""The whole broker as one RabbitMQ definitions file: exchanges, queues, bindings, users and their rights (K31)."""

import base64
import hashlib
import os
from dataclasses import dataclass
from typing import Any

from espace_contracts.registry import EXCHANGES, INBOUND_EVENTS, METHODS, SERVICES, SUBSCRIPTIONS
from espace_contracts.rpc import FUNDER, GATEWAY, OUTSIDE_KINDS

from chassis.topology import REPLY_KEY, RPC_EXCHANGE, Binding, QueueSpec, event_queues, rpc_queues

NOTHING = "^$"
OWN_EVENTS = "(identity|payments|documents)\\.events"


@dataclass(frozen=True)
class BrokerUser:
    """A user and its password; what it may do follows from its name."""

    name: str
    password: str


@dataclass(frozen=True)
class Rights:
    """Resource permissions, and topic permissions as {exchange: (write, read)}; regular expressions."""

    configure: str
    write: str
    read: str
    topics: dict[str, tuple[str, str]]


def rights_of(user: str) -> Rights:
    """What the broker lets *user* do. Raises ValueError for a name outside the naming rule."""
    if user in SERVICES:
        return _service_rights(user)
    if user == GATEWAY:
        return _gateway_rights()
    kind, _, name = user.partition(".")
    if kind in OUTSIDE_KINDS and name:
        return _outside_rights(user, kind)
    raise ValueError(f"{user!r} is no service and not named <kind>.<name> with a kind of {', '.join(OUTSIDE_KINDS)}")


def definitions(vhost: str, users: list[BrokerUser]) -> dict[str, Any]:
    """The definitions to import, for RabbitMQ's own tools as well."""
    specs = queue_specs()
    # Whatever a queue is bound to, since a newer broker takes no binding to an exchange that is not there.
    bound = {(wanted.exchange, wanted.exchange_type) for spec in specs for wanted in spec.bindings}
    exchanges = sorted(bound | {(name, "topic") for name in EXCHANGES})
    return user_definitions(vhost, users) | {
        "vhosts": [{"name": vhost}],
        "exchanges": [
            _durable(vhost, name) | {"type": kind, "internal": False, "arguments": {}} for name, kind in exchanges
        ],
        "queues": [_durable(vhost, spec.name) | {"arguments": spec.arguments} for spec in specs],
        "bindings": [_binding(vhost, spec.name, wanted) for spec in specs for wanted in spec.bindings],
    }


def user_definitions(vhost: str, users: list[BrokerUser]) -> dict[str, Any]:
    """The part of the definitions that makes *users*. Raises ValueError for a name outside the naming rule."""
    return {
        "users": [_user(user) for user in users],
        "permissions": [_permission(vhost, user.name) for user in users],
        "topic_permissions": [entry for user in users for entry in _topic_permissions(vhost, user.name)],
    }


def methods_for(kind: str) -> str:
    """Regular expression over the routing keys of the methods that callers of *kind* may call.

    Each service is named once: RabbitMQ 4.3 refuses expressions of more than about a thousand characters.
    """
    by_service: dict[str, list[str]] = {}
    for method in METHODS.values():
        if kind in method.callers:
            by_service.setdefault(method.service, []).append(method.name)
    services = [f"{service}[.]({'|'.join(sorted(names))})" for service, names in sorted(by_service.items())]
    return f"^({'|'.join(services)})$" if services else NOTHING


def queue_specs() -> list[QueueSpec]:
    """Every queue of our services, with its arguments and bindings."""
    events = [
        spec for service, heard in SUBSCRIPTIONS.items() for data in heard for spec in event_queues(service, data)
    ]
    return events + [spec for service in SERVICES for spec in rpc_queues(service)]


def _service_rights(service: str) -> Rights:
    own = f"rpc-{service}(\\.dead)?|{service}\\..+|rpc\\.reply-{service}-.+"
    return Rights(
        configure=f"^({RPC_EXCHANGE}|{own})$",  # a system of the funder may have deleted it: services make it again
        write=f"^({RPC_EXCHANGE}|{own})$",
        read=f"^({RPC_EXCHANGE}|funder\\.events|{OWN_EVENTS}|{own})$",
        topics={RPC_EXCHANGE: (REPLY_KEY, f"^({service}[.][*]|[A-Za-z0-9_-]+)$")},
    )


def _gateway_rights() -> Rights:
    own = "rpc\\.reply-gateway-.+|gateway\\..+"
    return Rights(
        configure=f"^({own})$",
        write=f"^({RPC_EXCHANGE}|{own})$",
        read=f"^({RPC_EXCHANGE}|{OWN_EVENTS}|{own})$",
        topics={RPC_EXCHANGE: (methods_for(GATEWAY), REPLY_KEY)},
    )


def _outside_rights(user: str, kind: str) -> Rights:
    own = f"rpc\\.reply.+|amq\\.gen.+|{user.replace('.', '[.]')}\\..+"
    funder = kind == FUNDER
    # nameko's own callers declare the exchange: the funder's systems may, though it lets them delete it too.
    declares = f"|{RPC_EXCHANGE}" if funder else ""
    inbound = "|".join(event.type.replace(".", "[.]") for event in INBOUND_EVENTS)
    return Rights(
        configure=f"^({own}{declares})$",
        write=f"^({RPC_EXCHANGE}|{own}{'|funder[.]events' if funder else ''})$",
        read=f"^({RPC_EXCHANGE}|{own}{'|' + OWN_EVENTS if funder else ''})$",
        topics={
            RPC_EXCHANGE: (methods_for(kind), REPLY_KEY),
            "funder.events": (f"^({inbound})$" if funder else NOTHING, NOTHING),
        },
    )


def _user(user: BrokerUser) -> dict[str, Any]:
    salt = os.urandom(4)
    digest = hashlib.sha256(salt + user.password.encode()).digest()
    return {
        "name": user.name,
        "password_hash": base64.b64encode(salt + digest).decode(),
        "hashing_algorithm": "rabbit_password_hashing_sha256",
        "tags": [],
        "limits": {},
    }


def _permission(vhost: str, user: str) -> dict[str, Any]:
    rights = rights_of(user)
    return {
        "user": user,
        "vhost": vhost,
        "configure": rights.configure,
        "write": rights.write,
        "read": rights.read,
    }


def _topic_permissions(vhost: str, user: str) -> list[dict[str, Any]]:
    topics = rights_of(user).topics
    return [
        {"user": user, "vhost": vhost, "exchange": exchange, "write": write, "read": read}
        for exchange, (write, read) in topics.items()
    ]


def _durable(vhost: str, name: str) -> dict[str, Any]:
    return {"name": name, "vhost": vhost, "durable": True, "auto_delete": False}


def _binding(vhost: str, queue: str, wanted: Binding) -> dict[str, Any]:
    return {
        "source": wanted.exchange,
        "vhost": vhost,
        "destination": queue,
        "destination_type": "queue",
        "routing_key": wanted.routing_key,
        "arguments": {},
    }
