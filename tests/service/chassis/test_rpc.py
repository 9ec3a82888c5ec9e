"""Calls in: typed, bounded in time, for whom they are meant; poison does not stop the service (R12, R13, K31)."""

import time
import uuid

import kombu
import pytest

from tests.service.chassis.conftest import Toy
from tests.service.waiting import wait_until


def test_answer_of_a_plain_kombu_caller(toy: Toy) -> None:
    assert toy.call("echo", {"text": "hé"})["result"] == {"text": "hé", "caller": ""}


def test_refusal_arrives_as_itself(toy: Toy) -> None:
    error = toy.call("echo", {"text": "refuse"})["error"]
    assert error["code"] == "not_found"
    assert error["exc_path"] == "espace_contracts.errors.NotFound"
    assert error["exc_args"] == ["nothing here", "text"]
    assert error["fields"] == ["text"]


def test_k20_incident_tells_its_reference_and_nothing_else(toy: Toy) -> None:
    error = toy.call("echo", {"text": "break"})["error"]
    assert error["code"] == "incident"
    assert len(error["exc_args"][0]) == 12
    assert "secret detail" not in str(error)
    assert error["exc_args"][0] in toy.logs[-1].read_text()


def test_trap_14_bare_timeout_is_answered(toy: Toy) -> None:
    assert toy.call("echo", {"text": "timeout"})["error"]["code"] == "incident"


@pytest.mark.parametrize("request_", [{}, {"text": 3}, {"text": "x", "more": 1}, [], "x"])
def test_request_without_the_shape_is_refused(toy: Toy, request_: object) -> None:
    assert toy.call("echo", request_)["error"]["code"] == "invalid_request"


def test_unknown_method_is_refused(toy: Toy) -> None:
    assert toy.call("nothing", {})["error"]["code"] == "method_not_found"


def test_k31_method_for_identified_callers_refuses_the_nameless(toy: Toy) -> None:
    assert toy.call("who", {"text": "x"})["error"]["code"] == "not_allowed"


def test_k31_broker_refuses_a_forged_user_id(toy: Toy) -> None:
    with pytest.raises(Exception, match=r"user_id property set to 'funder\.demo'"):
        toy.call("who", {"text": "x"}, user_id="funder.demo")


def test_r12_call_past_its_deadline_is_not_executed(toy: Toy) -> None:
    late = int(time.time() * 1000) - 1
    error = toy.call("note", {"text": "late"}, headers={"deadline": late})["error"]
    assert error["code"] == "deadline_exceeded"
    assert toy.notes() == []


@pytest.mark.parametrize(
    ("method", "request_"), [("echo", {"text": "x"}), ("echo", {"text": "refuse"}), ("nothing", {})]
)
def test_r19_every_reply_tells_the_services_time(toy: Toy, method: str, request_: dict[str, str]) -> None:
    assert toy.call(method, request_)["time"] == pytest.approx(time.time() * 1000, abs=2_000)


@pytest.mark.parametrize("text", ["dawdle", "dawdle in the database"])
def test_r12_call_that_meets_its_deadline_on_the_way_changes_nothing(toy: Toy, text: str) -> None:
    soon = int(time.time() * 1000) + 500
    error = toy.call("note", {"text": text}, headers={"deadline": soon})["error"]
    assert error["code"] == "deadline_exceeded"
    time.sleep(0.7)  # by now it would have been written
    assert toy.notes() == []
    assert toy.call("note", {"text": "next"}, headers={"deadline": soon + 60_000})["result"]["text"] == "next"


def test_r18_same_key_is_applied_once(toy: Toy) -> None:
    key = uuid.uuid4().hex
    first = toy.call("note", {"text": "once", "idempotency_key": key})["result"]
    second = toy.call("note", {"text": "once", "idempotency_key": key})["result"]
    assert first == second
    assert toy.notes() == ["once"]
    assert toy.call("note", {"text": "other", "idempotency_key": key})["error"]["code"] == "idempotency_key_reused"
    assert toy.notes() == ["once"]


@pytest.mark.parametrize(
    ("body", "properties", "reason"),
    [
        (b"{}", {"reply_to": None}, "no_reply_to"),
        (b"{not json", {}, "bad_json"),
        (b"[]", {}, "bad_json"),
        (b'{"args": [], "kwargs": {}}', {"content_type": "text/plain"}, "wrong_content_type"),
        (b'{"args": ["' + b"x" * 2_000_000 + b'"]}', {}, "too_large"),
    ],
)
def test_trap_12_poison_request_is_set_aside(toy: Toy, body: bytes, properties: dict, reason: str) -> None:
    publish_request(toy, body, **properties)
    dead = wait_until(lambda: toy.take("rpc-toy.dead"), what="the quarantine")
    assert dead[0].headers["x-reason"] == reason
    assert toy.call("echo", {"text": "still there"})["result"]["text"] == "still there"


def publish_request(toy: Toy, body: bytes, **properties: object) -> None:
    properties = {"content_type": "application/json", "content_encoding": "utf-8", "reply_to": "nobody"} | properties
    with kombu.Connection(toy.amqp_url) as connection:
        kombu.Producer(connection.channel()).publish(
            body, exchange="nameko-rpc", routing_key="toy.echo", serializer=None, **properties
        )


def test_psycopg_waits_without_stopping_the_process(toy: Toy) -> None:
    """Ten calls that sleep in the database side by side take as long as one (PSYCOPG_WAIT_FUNC)."""
    from concurrent.futures import ThreadPoolExecutor

    toy.call("sleep", {"text": "warm", "seconds": 0})
    started = time.monotonic()
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda n: toy.call("sleep", {"text": str(n), "seconds": 0.5}, seconds=10), range(8)))
    assert all(answer["error"] is None for answer in answers)
    assert time.monotonic() - started < 3  # one after the other: 4 s in the database alone
