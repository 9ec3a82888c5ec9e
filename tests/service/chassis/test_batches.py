"""Many events in one transaction: exactly once, and a bad one harms no neighbour."""

import json
import signal
import time
import uuid

import amqp
import kombu

from tests.service.chassis.conftest import Toy
from tests.service.waiting import wait_until

QUEUE = "toy.Counted.v1"


def counted(text: str, event_id: str = "", **changes: object) -> bytes:
    return json.dumps(
        {
            "specversion": "1.0",
            "id": event_id or str(uuid.uuid4()),
            "source": "urn:test",
            "type": "Counted.v1",
            "time": "2026-01-01T00:00:00Z",
            "data": {"text": text},
        }
        | changes
    ).encode()


def publish(toy: Toy, bodies: list[bytes]) -> None:
    """All of them, and the broker's word for each: without it a quorum queue may lose what was sent before a close."""
    confirmed = 0

    def on_ack(tag: int, multiple: bool) -> None:
        nonlocal confirmed
        confirmed = tag if multiple else confirmed + 1

    with kombu.Connection(toy.amqp_url) as connection:
        channel = connection.channel()
        channel.confirm_select()
        channel.events["basic_ack"].add(on_ack)
        for body in bodies:
            message = amqp.Message(body, content_type="application/json", content_encoding="utf-8", delivery_mode=2)
            channel.basic_publish(message, exchange="funder.events", routing_key="Counted.v1")
        while confirmed < len(bodies):
            connection.drain_events(timeout=10)


def test_all_are_applied_once_and_told_of(toy: Toy) -> None:
    texts = sorted(f"n{number:04}" for number in range(1200))
    told = len(toy.rows("select 1 from outbox where type = 'Felt.v1'"))
    publish(toy, [counted(text) for text in texts])
    wait_until(lambda: toy.notes() == texts, what="1,200 notes")
    assert len(toy.rows("select 1 from outbox where type = 'Felt.v1'")) == told + 1200


def test_repeats_within_and_across_batches_change_nothing(toy: Toy) -> None:
    bodies = [counted(f"r{number}", event_id=f"repeat-{toy.port}-{uuid.uuid4()}") for number in range(50)]
    publish(toy, bodies * 2)
    wait_until(lambda: len(toy.notes()) >= 50)
    publish(toy, [*bodies, counted("last")])
    wait_until(lambda: "last" in toy.notes())
    assert len(toy.notes()) == 51
    assert not toy.take(f"{QUEUE}.dead")


def test_bad_one_is_buried_alone(toy: Toy) -> None:
    reused = str(uuid.uuid4())
    good = [counted(f"g{number}") for number in range(40)]
    bad = [counted("bad"), b"{not json", counted("x", data={}), counted("first", reused), counted("other", reused)]
    publish(toy, good[:20] + bad + good[20:])
    wait_until(lambda: len(toy.notes()) == 41, what="the neighbours' notes")
    dead: list = []
    wait_until(lambda: dead.extend(toy.take(f"{QUEUE}.dead")) or len(dead) == 4, what="four burials")
    assert sorted(message.headers["x-reason"] for message in dead) == [
        "bad",
        "bad_json",
        "id_reused: id",
        "invalid: data.text",
    ]
    assert "first" in toy.notes()


def test_r2_kills_lose_and_repeat_nothing(toy: Toy) -> None:
    texts = sorted(f"k{number:04}" for number in range(3000))
    publish(toy, [counted(text) for text in texts])
    for _ in range(3):
        time.sleep(0.15)
        toy.stop(signal.SIGKILL)
        toy.start()
    wait_until(lambda: len(toy.notes()) >= 3000, what="3,000 notes", seconds=30)
    assert toy.notes() == texts
    assert not toy.take(f"{QUEUE}.dead")
