"""K31: the ways around the broker's rights over routing keys end before a method starts."""

import json
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pika
import pytest
from espace_contracts import samples
from pika.adapters.blocking_connection import BlockingChannel
from pika.exceptions import ChannelClosedByBroker

from tests.service.payments.running import RunningPayments
from tests.service.waiting import wait_until

RPC = "nameko-rpc"
FORBIDDEN = "payments.record_payments"  # of the funder alone, and open without user_id


class Client:
    """A channel of an outside user, with a reply queue."""

    def __init__(self, address: str) -> None:
        self._parameters = pika.URLParameters(address)
        self.connection = pika.BlockingConnection(self._parameters)
        self.channel: BlockingChannel = self.connection.channel()
        self.key = str(uuid.uuid4())
        self.own = f"{self._parameters.credentials.username}."
        self.channel.queue_declare(f"rpc.reply-{self.key}", exclusive=True)
        self.channel.queue_bind(f"rpc.reply-{self.key}", RPC, self.key)

    def publish(self, exchange: str, key: str, **properties: Any) -> None:
        body = json.dumps({"args": [samples.request_sample(FORBIDDEN)], "kwargs": {}}).encode()
        properties = {"reply_to": self.key, "correlation_id": "1"} | properties
        basic = pika.BasicProperties(content_type="application/json", content_encoding="utf-8", **properties)
        self.channel.basic_publish(exchange, key, body, basic)

    def answer(self, seconds: float = 20) -> Any:
        queue = f"rpc.reply-{self.key}"
        _, _, body = next(self.channel.consume(queue, auto_ack=True, inactivity_timeout=seconds))
        self.channel.cancel()
        return None if body is None else json.loads(body)


@pytest.fixture
def connected(client: Callable[[str], str]) -> Iterator[Callable[[str], Client]]:
    """`connected("funder")`: a client of this kind; its connection ends with the test."""
    made: list[Client] = []

    def connect(kind: str) -> Client:
        made.append(Client(client(f"{kind}.{uuid.uuid4().hex[:8]}")))
        return made[-1]

    yield connect
    for one in made:
        one.connection.close()


@pytest.fixture
def outsider(connected: Callable[[str], Client]) -> Client:
    return connected("training_provider")


def through_an_exchange_of_its_own(outsider: Client) -> None:
    source = f"{outsider.own}way"
    outsider.channel.exchange_declare(source, "topic", auto_delete=True)
    outsider.channel.exchange_bind(RPC, source, "#")
    outsider.publish(source, FORBIDDEN)


def through_an_alternate_exchange(outsider: Client) -> None:
    source = f"{outsider.own}alternate"
    outsider.channel.exchange_declare(source, "topic", auto_delete=False, arguments={"alternate-exchange": RPC})
    outsider.publish(source, FORBIDDEN)


def through_dead_lettering(outsider: Client) -> None:
    source, queue = f"{outsider.own}dying", f"{outsider.own}short"
    arguments = {"x-dead-letter-exchange": RPC, "x-dead-letter-routing-key": FORBIDDEN, "x-message-ttl": 1}
    outsider.channel.exchange_declare(source, "fanout", auto_delete=True)
    outsider.channel.queue_declare(queue, arguments=arguments)
    outsider.channel.queue_bind(queue, source)
    outsider.publish(source, FORBIDDEN)


@pytest.mark.parametrize("way", [through_an_exchange_of_its_own, through_an_alternate_exchange, through_dead_lettering])
def test_request_that_did_not_come_straight_is_refused(
    way: Callable[[Client], None], outsider: Client, running_payments: RunningPayments
) -> None:
    way(outsider)
    answer = outsider.answer()
    assert answer is not None, "the message arrived, and was answered"
    assert answer["result"] is None
    assert answer["error"]["code"] == "not_allowed"
    assert running_payments.recorded(samples.request_sample(FORBIDDEN)["payments"][0]["payment_number"]) == 0


def test_answer_to_where_no_answer_may_go_harms_nobody(
    running_payments: RunningPayments, connected: Callable[[str], Client]
) -> None:
    funder = connected("funder")
    funder.publish(RPC, "payments.events_since", reply_to="payments.record_payments")
    funder.publish(RPC, "payments.events_since")
    assert funder.answer()["error"]["code"] == "not_allowed", "the next request is answered as ever: it has no user_id"
    assert wait_until(lambda: running_payments.waiting("rpc-payments.dead"), what="the request set aside") == 1


def test_user_id_of_somebody_else_closes_the_channel(connected: Callable[[str], Client]) -> None:
    funder = connected("funder")
    funder.publish(RPC, "payments.events_since", user_id="gateway")
    with pytest.raises(ChannelClosedByBroker, match="user_id"):
        funder.answer()
