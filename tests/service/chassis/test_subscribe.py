"""Events in: applied once, retried later, buried with a reason; never lost (R2, R3, R13, R14)."""

import json
import signal

import pytest

from tests.service.chassis.conftest import Toy
from tests.service.waiting import wait_until

QUEUE = "toy.Poked.v1"


def test_event_is_applied_and_its_consequence_published(toy: Toy) -> None:
    toy.poke("hello")
    wait_until(lambda: toy.notes() == ["hello"], what="the note")
    wait_until(lambda: toy.rows("select 1 from outbox where published_at is not null"), what="the relay's mark")


def test_r3_repeated_event_changes_nothing(toy: Toy) -> None:
    event_id = toy.poke("twice")
    wait_until(lambda: toy.notes() == ["twice"])
    toy.poke("twice", id=event_id)
    toy.poke("after")
    wait_until(lambda: "after" in toy.notes())
    assert toy.notes() == ["after", "twice"]


def test_same_id_with_another_body_is_buried(toy: Toy) -> None:
    event_id = toy.poke("first")
    wait_until(lambda: toy.notes() == ["first"])
    toy.poke("second", id=event_id)
    dead = wait_until(lambda: toy.take(f"{QUEUE}.dead"), what="the burial")
    assert dead[0].headers["x-reason"].startswith("id_reused")
    assert toy.notes() == ["first"]


def test_r14_handler_that_raises_is_retried_after_a_delay(toy: Toy) -> None:
    (toy.folder / "mark").unlink(missing_ok=True)
    toy.poke("raise-once")
    wait_until(lambda: toy.notes() == ["raise-once"], seconds=12, what="the retry")
    assert not toy.take(f"{QUEUE}.dead")


def test_r8_outages_do_not_count_as_attempts_and_are_over_soon(toy: Toy) -> None:
    toy.publish(event(data={"text": "outage"}), headers={"x-attempts": 6})
    moved = wait_until(lambda: toy.take(f"{QUEUE}.retry.5s"), what="the move to the shortest retry queue")
    assert moved[0].headers["x-attempts"] == 6
    assert not toy.take(f"{QUEUE}.dead")


def test_trap_14_bare_timeout_does_not_leave_the_message_unacked(toy: Toy) -> None:
    toy.poke("timeout")
    moved = wait_until(lambda: toy.take(f"{QUEUE}.retry.5s"), what="the move to the retry queue")
    assert moved[0].headers["x-attempts"] == 1
    assert moved[0].headers["x-reason"] == "TimeLimitExceeded"
    assert toy.notes() == []


def test_what_never_becomes_valid_skips_the_retries(toy: Toy) -> None:
    toy.poke("unacceptable")
    dead = wait_until(lambda: toy.take(f"{QUEUE}.dead"), what="the burial")
    assert dead[0].headers["x-reason"] == "never"
    assert dead[0].headers["x-origin"] == QUEUE
    assert toy.notes() == []


def event(**changes: object) -> bytes:
    document = {
        "specversion": "1.0",
        "id": "1",
        "source": "urn:test",
        "type": "Poked.v1",
        "time": "2026-01-01T00:00:00Z",
        "data": {"text": "x"},
    } | changes
    return json.dumps({name: value for name, value in document.items() if value is not None}).encode()


@pytest.mark.parametrize(
    ("body", "content_type", "reason"),
    [
        (b"{not json", "application/json", "bad_json"),
        (b"[]", "application/json", "invalid: (root)"),
        (event(data=None), "application/json", "invalid: data"),
        (event(data={"text": 3}), "application/json", "invalid: data.text"),
        (event(time="yesterday"), "application/json", "invalid: time"),
        (event(data={"text": 3, "colour": "\ud800"}), "application/json", "bad_json"),
        (event(type="Poked.v2"), "application/json", "wrong_type: type"),
        (event(), "application/x-python-serialize", "wrong_content_type"),
        (event(data={"text": "x" * 2_000_000}), "application/json", "too_large"),
    ],
)
def test_r13_poison_is_buried_with_its_reason(toy: Toy, body: bytes, content_type: str, reason: str) -> None:
    toy.publish(body, content_type=content_type)
    dead = wait_until(lambda: toy.take(f"{QUEUE}.dead"), what="the burial")
    assert dead[0].headers["x-reason"] == reason
    assert dead[0].headers["x-attempts"] == 1
    toy.poke("neighbour")
    wait_until(lambda: toy.notes() == ["neighbour"], what="the neighbour")


def test_r2_kill_in_the_middle_of_a_handler_loses_nothing(toy: Toy) -> None:
    toy.poke("slow")
    wait_until(toy.holds_transaction, seconds=5, what="the handler's transaction")
    toy.stop(signal.SIGKILL)
    toy.start()
    wait_until(lambda: toy.notes() == ["slow"], what="the redelivery")


def test_sigterm_finishes_what_is_in_hand(toy: Toy) -> None:
    toy.poke("slow")
    wait_until(toy.holds_transaction, seconds=5, what="the handler's transaction")
    assert toy.stop() == 0
    assert toy.notes() == ["slow"]


def rejections(toy: Toy) -> list[dict]:
    bodies = toy.rows("select body from outbox where type = 'MessageRejected.v1' order by id")
    return [json.loads(row[0])["data"] for row in bodies]


def test_sender_of_a_buried_message_is_told_once(toy: Toy) -> None:
    before = len(rejections(toy))
    event_id = toy.poke("unacceptable")
    wait_until(lambda: toy.take(f"{QUEUE}.dead"))
    toy.poke("unacceptable", id=event_id)
    wait_until(lambda: toy.take(f"{QUEUE}.dead"), what="the second burial")
    told = rejections(toy)[before:]
    assert told == [
        {"event_type": "Poked.v1", "event_id": event_id, "source": "urn:test", "reason": "never", "fields": []}
    ]


def test_sender_is_told_the_faulty_fields_and_no_value(toy: Toy) -> None:
    before = len(rejections(toy))
    toy.publish(event(id="faulty", data={"text": 12345}))
    wait_until(lambda: toy.take(f"{QUEUE}.dead"))
    told = rejections(toy)[before:]
    assert told[0]["fields"] == ["data.text"]
    assert "12345" not in json.dumps(told)
