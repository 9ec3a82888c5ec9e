"""The operators' commands on real servers: each with `--json`, and what they change."""

import json
import uuid
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import kombu
import pytest
from click.testing import CliRunner
from espace_contracts import funder

from chassis.topology import event_queues
from ops.cli import main
from ops.management import request
from ops.migrate import migrate
from tests.service.stack import stack
from tests.service.waiting import wait_until

QUEUE = "payments.PaymentIssued.v1"


@pytest.fixture(scope="module")
def environment() -> Iterator[dict[str, str]]:
    """A vhost of its own with the whole topology, beside the stack's databases."""
    settings = dict(stack()["migrate"])
    vhost = f"ops-{uuid.uuid4().hex[:8]}"
    for name, value in settings.items():
        if name.endswith("_AMQP_URL") or name == "OPS_RABBITMQ_URL":
            settings[name] = urlsplit(value)._replace(path=f"/{vhost}").geturl()
    settings["OPS_BROKER_CLIENTS"] = ""
    migrate(settings)
    yield settings
    request(settings["OPS_RABBITMQ_MANAGEMENT_URL"], "DELETE", f"/api/vhosts/{vhost}")


def espace(environment: dict[str, str], *arguments: str) -> Any:
    result = CliRunner().invoke(main, [*arguments, "--json"], env=environment, catch_exceptions=False)
    assert result.exit_code in (0, 1), result.output
    return json.loads(result.stdout)


def bury(environment: dict[str, str], event_id: str) -> None:
    body = json.dumps({"id": event_id, "type": "PaymentIssued.v1", "data": {}})
    headers = {"x-reason": "invalid: data", "x-attempts": 1, "x-origin": QUEUE, "kept": "yes"}
    with kombu.Connection(environment["OPS_RABBITMQ_URL"], transport_options={"confirm_publish": True}) as connection:
        kombu.Producer(connection.channel()).publish(
            body,
            exchange="payments.delivery",
            routing_key=f"{QUEUE}.dead",
            headers=headers,
            content_type="application/json",
            content_encoding="utf-8",
            delivery_mode=2,
        )


def test_dead_letters_are_shown_redriven_and_discarded(environment: dict[str, str]) -> None:
    first, second = str(uuid.uuid4()), str(uuid.uuid4())
    bury(environment, first)
    bury(environment, second)
    shown = espace(environment, "dead-letters", "show", f"{QUEUE}.dead")
    assert [letter["event_id"] for letter in shown] == [first, second]
    assert shown[0]["reason"] == "invalid: data"
    assert shown[0]["origin"] == QUEUE
    assert len(espace(environment, "dead-letters", "show", f"{QUEUE}.dead")) == 2, "showing takes nothing away"
    assert espace(environment, "dead-letters", "redrive", f"{QUEUE}.dead", "--event-id", second)[0]["redriven"] == 1
    with kombu.Connection(environment["OPS_RABBITMQ_URL"]) as connection:
        message = connection.channel().basic_get(QUEUE, no_ack=True)
    assert json.loads(message.body)["id"] == second
    assert message.headers["kept"] == "yes"
    assert "x-attempts" not in message.headers, "the count of attempts starts anew"
    assert espace(environment, "dead-letters", "discard", f"{QUEUE}.dead", "--yes")[0]["discarded"] == 1
    assert espace(environment, "dead-letters", "show", f"{QUEUE}.dead") == []


def test_dead_letters_list_names_queues_that_hold_something(environment: dict[str, str]) -> None:
    bury(environment, str(uuid.uuid4()))
    found = wait_until(lambda: espace(environment, "dead-letters", "list"), what="the broker's count of messages")
    assert found == [{"queue": f"{QUEUE}.dead", "messages": 1}]
    espace(environment, "dead-letters", "discard", f"{QUEUE}.dead", "--yes")


def test_requests_are_not_redriven(environment: dict[str, str]) -> None:
    result = CliRunner().invoke(main, ["dead-letters", "redrive", "rpc-payments.dead"], env=environment)
    assert result.exit_code == 1
    assert "callers are gone" in result.output


def test_ping_tells_what_answers_and_what_does_not(environment: dict[str, str]) -> None:
    parts = {row["part"]: row for row in espace(environment | {"OPS_S3_ENDPOINT": "http://127.0.0.1:9"}, "ping")}
    assert parts["broker"]["ok"]
    assert parts["database payments"]["ok"]
    assert not parts["object store"]["ok"]
    assert not parts["service payments"]["ok"], "nobody consumes on this vhost"


def test_outbox_counts_what_waits(environment: dict[str, str]) -> None:
    rows = {row["service"]: row for row in espace(environment, "outbox")}
    assert set(rows) == {"identity", "payments", "documents"}
    assert rows["payments"]["waiting"] >= 0


def test_explain_of_an_unknown_event_says_so(environment: dict[str, str]) -> None:
    assert espace(environment, "explain", str(uuid.uuid4())) == []


def test_k31_client_may_do_what_its_kind_may_and_nothing_else(environment: dict[str, str]) -> None:
    address = espace(environment, "bus", "add-client", "training_provider.ifa")[0]["amqp"]
    allowed = [("nameko-rpc", "documents.begin_deposit")]
    refused = [
        ("nameko-rpc", "payments.record_payments"),
        ("nameko-rpc", "identity.open_session"),
        ("nameko-rpc", "documents.get_document"),
        ("funder.events", "PaymentIssued.v1"),
        ("identity.events", "AccountCreated.v1"),
        ("payments.delivery", QUEUE),
        ("", QUEUE),
    ]
    assert [pair for pair in allowed if not may_publish(address, *pair)] == []
    assert [pair for pair in refused if may_publish(address, *pair)] == []
    assert not may_declare(address, QUEUE)
    assert not may_declare(address, "rpc-identity")
    assert not may_listen(address, "nameko-rpc", "#"), "nobody listens to others' requests"
    assert may_listen(address, "nameko-rpc", "f2a5c1d0-reply")
    assert CliRunner().invoke(main, ["bus", "remove-client", "training_provider.ifa"], env=environment).exit_code == 0
    with pytest.raises(Exception, match=r"ACCESS_REFUSED|Login was refused"), kombu.Connection(address) as connection:
        connection.connect()


def test_client_without_a_kind_is_refused(environment: dict[str, str]) -> None:
    result = CliRunner().invoke(main, ["bus", "add-client", "somebody"], env=environment)
    assert result.exit_code == 1
    assert "<kind>.<name>" in result.output


def test_every_subscription_has_its_queues(environment: dict[str, str]) -> None:
    vhost = urlsplit(environment["OPS_RABBITMQ_URL"]).path[1:]
    known = {
        queue["name"] for queue in request(environment["OPS_RABBITMQ_MANAGEMENT_URL"], "GET", f"/api/queues/{vhost}")
    }
    assert {spec.name for spec in event_queues("payments", funder.PaymentIssued)} <= known


def refused(exc: Exception) -> bool:
    """Whether the broker said no; anything else is an error of the test."""
    if "ACCESS_REFUSED" not in str(exc):
        raise exc
    return True


def may_publish(address: str, exchange: str, routing_key: str) -> bool:
    with kombu.Connection(address, transport_options={"confirm_publish": True}) as connection:
        try:
            kombu.Producer(connection.channel()).publish({}, exchange=exchange, routing_key=routing_key)
        except Exception as exc:
            return not refused(exc)
    return True


def may_declare(address: str, queue: str) -> bool:
    with kombu.Connection(address) as connection:
        try:
            connection.channel().queue_declare(queue, durable=True, auto_delete=False)
        except Exception as exc:
            return not refused(exc)
    return True


def may_listen(address: str, exchange: str, routing_key: str) -> bool:
    with kombu.Connection(address) as connection:
        channel = connection.channel()
        queue, _, _ = channel.queue_declare("training_provider.ifa.test", exclusive=True)
        try:
            channel.queue_bind(queue, exchange, routing_key)
        except Exception as exc:
            return not refused(exc)
    return True
