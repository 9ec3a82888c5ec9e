"""K31: who may publish, hear, call and declare what, for each broker user, both ways, generated from the registry."""

import contextlib
import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

import pika
import pytest
from espace_contracts.errors import NotAllowed
from espace_contracts.registry import EVENTS, INBOUND_EVENTS, METHODS, SERVICES
from espace_contracts.rpc import GATEWAY, OUTSIDE_KINDS
from pika.exceptions import ChannelClosedByBroker

from chassis.bus.rpc import check_caller
from ops.bus_clients import add_client, remove_client
from ops.management import request
from ops.migrate import migrate
from ops.topology import queue_specs
from tests.service.stack import stack

RPC = "nameko-rpc"
REFUSED = 403  # AMQP's access-refused
FUNDER_EVENTS = "funder.events"
OWN_EVENTS = [f"{service}.events" for service in SERVICES]
REPLY = "0f6d1f5e-6e0e-4b7e-9a52-8f8b1c2d3e4f"
USERS = (*SERVICES, GATEWAY, *(f"{kind}.k31table" for kind in OUTSIDE_KINDS))
CALLS = [(RPC, key) for key in METHODS] + [(RPC, REPLY), (RPC, "identity.no_such_method")]
INBOUND = {event.type for event in INBOUND_EVENTS}
PUBLISHED = [(exchange, event_type) for exchange in (FUNDER_EVENTS, *OWN_EVENTS) for event_type in EVENTS]
QUEUES = [spec.name for spec in queue_specs()]
DELIVERIES = [(f"{service}.delivery", name) for service in SERVICES for name in QUEUES if name.startswith(service)]
PUBLISHES = [*CALLS, *PUBLISHED, *DELIVERIES, ("", "rpc-identity"), ("", "payments.PaymentIssued.v1")]
LISTENS = [(RPC, key) for key in ("#", "*", "*.*", REPLY, *(f"{service}.*" for service in SERVICES), *METHODS)]
LISTENS += [(exchange, key) for exchange in (FUNDER_EVENTS, *OWN_EVENTS) for key in ("#", "PaymentRecorded.v1")]
LISTENS += [(f"{service}.delivery", "#") for service in SERVICES]
EXCHANGES = [RPC, FUNDER_EVENTS, *OWN_EVENTS]


@dataclass
class Broker:
    """Addresses of one user of each kind, on a vhost with the whole topology and nobody who consumes."""

    addresses: dict[str, str]


@pytest.fixture(scope="module")
def broker() -> Iterator[Broker]:
    settings = dict(stack()["migrate"])
    vhost = f"k31-{uuid.uuid4().hex[:8]}"
    for name, value in settings.items():
        if name.endswith("_AMQP_URL") or name == "OPS_RABBITMQ_URL":
            settings[name] = urlsplit(value)._replace(path=f"/{vhost}").geturl()
    settings["OPS_BROKER_CLIENTS"] = ""
    migrate(settings)
    outside = [user for user in USERS if "." in user]
    addresses = {user: settings[f"{user.upper()}_AMQP_URL"] for user in USERS if user not in outside}
    yield Broker(addresses | {user: add_client(settings, user) for user in outside})
    for user in outside:
        remove_client(settings, user)
    request(settings["OPS_RABBITMQ_MANAGEMENT_URL"], "DELETE", f"/api/vhosts/{vhost}")


class Trying:
    """Tries one thing after the other on one connection; a refusal closes only its channel."""

    def __init__(self, address: str) -> None:
        self._connection = pika.BlockingConnection(pika.URLParameters(address))
        self._channel = self._connection.channel()
        self._confirming = False

    def close(self) -> None:
        self._connection.close()

    def _may(self, act, *arguments, **options) -> bool:
        if not self._channel.is_open:
            self._channel = self._connection.channel()
        try:
            act(self._channel, *arguments, **options)
        except ChannelClosedByBroker as exc:
            if exc.reply_code != REFUSED:
                raise
            return False
        return True

    def publish(self, exchange: str, key: str) -> bool:
        """Whether the broker takes it, by its confirm."""

        if not self._channel.is_open or not self._confirming:
            self._channel = self._connection.channel()
            self._channel.confirm_delivery()
            self._confirming = True
        return self._may(lambda channel: channel.basic_publish(exchange, key, b"{}"))

    def listen(self, queue: str, exchange: str, key: str) -> bool:
        return self._may(lambda channel: channel.queue_bind(queue, exchange, key))

    def own_queue(self, name: str) -> str:
        self._channel.queue_declare(name, exclusive=True)
        return name

    def declare_exchange(self, name: str) -> bool:
        return self._may(lambda channel: channel.exchange_declare(name, "topic", durable=True))

    def delete_queue(self, name: str) -> bool:
        return self._may(lambda channel: channel.queue_delete(name, if_unused=True))

    def read(self, name: str) -> bool:
        return self._may(lambda channel: channel.basic_get(name, auto_ack=False))


@pytest.fixture(params=USERS)
def user(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def trying(broker: Broker, user: str) -> Iterator[Trying]:
    found = Trying(broker.addresses[user])
    yield found
    found.close()


def kind_of(user: str) -> str:
    return user.partition(".")[0]


def should_publish(user: str, exchange: str, key: str) -> bool:
    """The rule in words: calls by the registry, the funder's types by the funder, a service's exchanges by itself."""
    if exchange == RPC:
        return (key == REPLY and user in SERVICES) or (key in METHODS and kind_of(user) in METHODS[key].callers)
    if exchange == FUNDER_EVENTS:
        return kind_of(user) == "funder" and key in INBOUND
    return exchange in (f"{user}.events", f"{user}.delivery")


def should_listen(user: str, exchange: str, key: str) -> bool:
    """Replies by everybody, requests by their service; events by services, the gateway and the funder."""
    if exchange == RPC:
        return key == REPLY or (user in SERVICES and key == f"{user}.*")
    if exchange.endswith(".delivery"):
        return exchange == f"{user}.delivery"
    return user in SERVICES or (kind_of(user) in ("gateway", "funder") and exchange != FUNDER_EVENTS)


def test_k31_publishes_what_it_may_and_nothing_else(user: str, trying: Trying) -> None:
    wrong = [pair for pair in PUBLISHES if trying.publish(*pair) != should_publish(user, *pair)]
    assert wrong == []


def test_k31_listens_to_what_it_may_and_nothing_else(user: str, trying: Trying) -> None:
    prefix = f"rpc.reply-{user}-" if user in (*SERVICES, GATEWAY) else f"{user}."
    queue = trying.own_queue(f"{prefix}{uuid.uuid4().hex[:8]}")
    wrong = [pair for pair in LISTENS if trying.listen(queue, *pair) != should_listen(user, *pair)]
    assert wrong == []


def test_k31_reads_no_queue_of_somebody_else(user: str, trying: Trying) -> None:
    wrong = [name for name in QUEUES if trying.read(name) != (re.split(r"[.-]", name.removeprefix("rpc-"))[0] == user)]
    assert wrong == []


def test_k31_declares_and_deletes_only_its_own(user: str, trying: Trying) -> None:
    declared = {name for name in EXCHANGES if trying.declare_exchange(name)}
    own = {RPC, f"{user}.events"} if user in SERVICES else set()  # what the funder's systems may delete comes again
    assert declared == ({RPC} if kind_of(user) == "funder" else own)
    others = [name for name in QUEUES if re.split(r"[.-]", name.removeprefix("rpc-"))[0] != user]
    assert [name for name in others if trying.delete_queue(name)] == []


@pytest.mark.parametrize("name", USERS)
def test_k31_the_process_itself_knows_who_may_call(name: str) -> None:
    for key, method in METHODS.items():
        allowed = kind_of(name) in method.callers
        assert is_let_in(method, name) == allowed, key
        assert is_let_in(method, f"{name}-impostor") == (allowed and "." in name), key


def test_k31_the_process_asks_for_a_user_where_the_answer_depends_on_it() -> None:
    for key, method in METHODS.items():
        assert is_let_in(method, None) == (not method.identified), key
    gateways_alone = [method for method in METHODS.values() if method.callers == {GATEWAY}]
    assert gateways_alone
    assert all(method.identified for method in gateways_alone)


def test_k40_account_creation_and_intake_are_not_the_gateways(broker: Broker) -> None:
    calls = ("create_account", "reissue_credentials", "disable_account")
    wanted = [(RPC, f"identity.{name}") for name in calls] + [(RPC, "payments.record_payments")]
    wanted += [(FUNDER_EVENTS, event_type) for event_type in INBOUND]
    with contextlib.closing(Trying(broker.addresses[GATEWAY])) as trying:
        assert [pair for pair in wanted if trying.publish(*pair)] == []


def is_let_in(method, user_id: str | None) -> bool:
    try:
        check_caller(method, user_id)
    except NotAllowed:
        return False
    return True
