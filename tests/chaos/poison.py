"""Messages nobody can use, of every kind in every queue at once: set aside with a reason, and nobody else harmed (R13)."""

import asyncio
import json
import time
import uuid
from collections import Counter
from dataclasses import dataclass
from typing import Any

import kombu
from espace_contracts.envelope import EventData
from espace_contracts.payments import SERVICE as PAYMENTS
from espace_contracts.registry import OWNERS, REPLAYS, SERVICES, SUBSCRIPTIONS
from espace_contracts.replay import EventsSince
from espace_contracts.samples import event_sample, request_sample

from chassis.asyncbus import BusClient
from chassis.topology import RPC_EXCHANGE, delivery_exchange, event_queue_name
from ops import dead_letters
from tests.chaos import verdicts
from tests.chaos.funder_system import FunderSystem, Ledger, dice, payments
from tests.chaos.world import World

FILLER = "as many letters x"  # stands for them until the JSON is written, which takes long for so many
JSON = "application/json"
PICKLE = "application/x-python-serialize"
REPLIES = "chaos-poison"
# What must be none: letters without their reason, refusals and rejections that did not come, whatever was harmed.
WRONG = ("wrongly_buried", "wrongly_refused", "senders_not_told", "senders_told_again", "lost_before", "lost", "extra")
WRONG += ("restarted", "silent", "left")
TOLD = "select count(*) from outbox where type = 'MessageRejected.v1'"


@dataclass(frozen=True)
class Poison:
    """One bad message: where it goes in, and the reason of its burial, or else the code of the refusal it gets."""

    queue: str
    exchange: str
    routing_key: str
    body: bytes
    reason: str | None = None
    code: str | None = None
    content_type: str = JSON
    reply_to: str | None = None


def for_handlers(mark: str, huge: int) -> list[Poison]:
    """Six kinds for each handler's queue, as the registry names them."""
    return [
        Poison(name, delivery_exchange(service), name, body, reason, content_type=content_type)
        for service, heard in SUBSCRIPTIONS.items()
        for data_class in heard
        for name in [event_queue_name(service, data_class)]
        for body, reason, content_type in _events(data_class, mark, huge)
    ]


def _events(data_class: type[EventData], mark: str, huge: int) -> list[tuple[bytes, str, str]]:
    def event(**changes: Any) -> bytes:
        sample = event_sample(data_class.type) | {"id": f"{mark}-{uuid.uuid4()}", "source": "urn:chaos:poison"}
        return json.dumps(sample | changes).encode()

    data = event_sample(data_class.type)["data"]
    first = next(iter(data))
    too_large = event(data=data | {first: FILLER}).replace(FILLER.encode(), b"x" * huge)
    return [
        (f"{{not json {uuid.uuid4()}".encode(), "bad_json", JSON),
        (event(data=data | {first: {"no": ["such", "thing"]}}), f"invalid: data.{first}", JSON),
        (event(type=data_class.type.replace(".v1", ".v99")), "wrong_type: type", JSON),
        (event(data={}), "invalid: data.", JSON),
        (too_large, "too_large", JSON),
        (event(), "wrong_content_type", PICKLE),
    ]


def for_methods(mark: str, huge: int) -> list[Poison]:
    """The same kinds for each queue of requests, and requests that nobody could answer."""
    return [poison for service in SERVICES for poison in _calls(service, mark, huge)]


def _calls(service: str, mark: str, huge: int) -> list[Poison]:
    key = f"{service}.events_since"

    def call(body: bytes, reason: str | None = None, **changes: Any) -> Poison:
        where = {"routing_key": key, "reply_to": REPLIES} | changes
        return Poison(f"rpc-{service}", RPC_EXCHANGE, body=body, reason=reason, **where)

    good = json.dumps({"args": [request_sample(key)], "kwargs": {}}).encode()
    return [
        call(b"{not json", "bad_json"),
        call(b"[]", "bad_json"),
        call(good, "no_reply_to", reply_to=None),
        call(good, "bad_reply_to", reply_to="every.#"),
        call(good.replace(b"{", b'{"more": "' + b"x" * huge + b'", ', 1), "too_large"),
        call(good, "wrong_content_type", content_type=PICKLE),
        call(b'{"args": [{"limit": {"no": "number"}}], "kwargs": {}}', code="invalid_request"),
        call(b'{"args": [], "kwargs": {}}', code="invalid_request"),
        call(good, code="method_not_found", routing_key=f"{service}.{mark}_of_v99"),
    ]


def everywhere(
    world: World, *, mark: str, huge: int, neighbours: int, redrives: int, patience: float
) -> dict[str, Any]:
    """All of it at once among healthy payments, the largest of *huge* bytes; sent back as an operator would; thrown away."""
    poisons = for_handlers(mark, huge) + for_methods(mark, huge)
    expected = Counter(poison.queue for poison in poisons if poison.reason)
    funder = FunderSystem(world.funder_amqp)
    healthy = payments(neighbours, mark=mark, chance=dice(mark))
    pids, told_before = world.pids(SERVICES), _told(world)
    began = time.monotonic()
    funder.publish(healthy[::2])
    codes = _publish(world, poisons)
    funder.publish(healthy[1::2])
    books, _ = verdicts.settle(world, funder.ledger, mark, within=patience)
    neighbours_took = time.monotonic() - began
    buried = verdicts.until(lambda: _dead(world, expected) == expected, within=patience)
    took, wrong, told = time.monotonic() - began, _wrongly_buried(world, poisons), _told(world) - told_before
    return {
        "queues": len(expected),
        "poisons": len(poisons),
        "neighbours_took_s": round(neighbours_took, 1),
        "buried_after_s": None if buried is None else round(took, 1),
        "wrongly_buried": len(wrong),
        "wrong_reasons": sorted(wrong),
        "wrongly_refused": (codes - _codes(poisons)).total() + (_codes(poisons) - codes).total(),
        "senders_not_told": sum(bool(poison.reason) and _is_owned(poison) for poison in poisons) - told,
        **_sent_back(world, redrives, funder.ledger, mark, expected),
        "lost_before": books.lost,
        "restarted": sum(now != pids[name] for name, now in world.pids(SERVICES).items()),
        "silent": asyncio.run(_silent(world)),
        "left": _throw_away(world, expected),
    }


def _sent_back(world: World, redrives: int, ledger: Ledger, mark: str, expected: Counter[str]) -> dict[str, Any]:
    """What *redrives* do beside what was there: each letter comes back once, nothing is applied or told twice."""
    told = _told(world)
    _put_a_copy_into_the_dead_letters(world, ledger.confirmed[0])
    redriven = [_redrive(world, expected) for _ in range(redrives)]
    again = verdicts.until(lambda: _dead(world, expected) == expected, within=30)
    books, _ = verdicts.settle(world, ledger, mark, within=30)
    return {
        "redriven": redriven,
        "buried_again_after_s": None if again is None else round(again, 1),
        "senders_told_again": _told(world) - told,
        "lost": books.lost,
        "extra": books.extra,
    }


def _is_owned(poison: Poison) -> bool:
    service, _, event_type = poison.queue.partition(".")
    return OWNERS.get(event_type) == service


def _codes(poisons: list[Poison]) -> Counter[str]:
    return Counter(poison.code for poison in poisons if poison.code)


def _publish(world: World, poisons: list[Poison]) -> Counter[str]:
    """Publish as the operators, who reach each queue past the exchanges of events; the codes of what was refused."""
    codes: Counter[str] = Counter()
    with _connected(world.admin_amqp) as operators, _connected(world.funder_amqp) as funder:
        exchange = kombu.Exchange(RPC_EXCHANGE, type="topic", no_declare=True)
        replies = kombu.Queue(f"rpc.reply-{REPLIES}", exchange, REPLIES, exclusive=True, durable=False)
        note = [lambda body, _: codes.update([body["error"]["code"]])]
        with kombu.Consumer(operators.channel(), replies, callbacks=note, no_ack=True):
            for poison in poisons:
                _publish_one(funder if poison.code == "invalid_request" else operators, poison)
            verdicts.until(lambda: _drained(operators, codes, _codes(poisons).total()), within=20)
    return codes


def _connected(amqp_url: str) -> kombu.Connection:
    return kombu.Connection(amqp_url, transport_options={"confirm_publish": True})


def _drained(connection: kombu.Connection, codes: Counter[str], wanted: int) -> bool:
    if codes.total() < wanted:
        connection.drain_events(timeout=1)
    return codes.total() >= wanted


def _publish_one(connection: kombu.Connection, poison: Poison) -> None:
    kombu.Producer(connection.default_channel).publish(
        poison.body,
        exchange=poison.exchange,
        routing_key=poison.routing_key,
        content_type=poison.content_type,
        content_encoding="utf-8",
        reply_to=poison.reply_to,
        user_id=connection.userid,
        correlation_id="poison",
        delivery_mode=2,
        mandatory=True,
        serializer=None,
    )


def _dead(world: World, queues: Counter[str]) -> Counter[str]:
    counts = dead_letters.count(world.admin_amqp, [f"{queue}{dead_letters.SUFFIX}" for queue in queues])
    return Counter({name.removesuffix(dead_letters.SUFFIX): count for name, count in counts.items()})


def _wrongly_buried(world: World, poisons: list[Poison]) -> list[str]:
    """Reasons that were expected and are not there, and the reverse; and letters whose origin is not their queue."""
    wrong = []
    for queue in {poison.queue for poison in poisons}:
        letters = dead_letters.show(world.admin_amqp, f"{queue}{dead_letters.SUFFIX}", limit=100)
        wrong += [f"{queue}: from {letter.origin}" for letter in letters if letter.origin != queue]
        said = [letter.reason for letter in letters]
        for poison in poisons:
            if poison.queue == queue and poison.reason:
                found = next((reason for reason in said if reason.startswith(poison.reason)), None)
                if found is None:
                    wrong.append(f"{queue}: no {poison.reason}")
                else:
                    said.remove(found)
        wrong += [f"{queue}: {reason}" for reason in said]
    return wrong


def _put_a_copy_into_the_dead_letters(world: World, event: dict[str, Any]) -> None:
    """As a crash between the two halves of a redrive leaves it: the event is applied, and its copy still lies there."""
    queue = f"{PAYMENTS}.{event['type']}"
    copy = Poison(queue, delivery_exchange(PAYMENTS), f"{queue}.dead", json.dumps(event).encode())
    _publish(world, [copy])


def _redrive(world: World, queues: Counter[str]) -> int:
    """How many messages went back; those of requests cannot."""
    handlers = [queue for queue in queues if not queue.startswith(dead_letters.RPC_PREFIX)]
    return sum(dead_letters.redrive(world.admin_amqp, f"{queue}{dead_letters.SUFFIX}") for queue in handlers)


def _throw_away(world: World, queues: Counter[str]) -> int:
    """Discard all of it, as an operator would; how many messages are still there."""
    for queue in queues:
        dead_letters.discard(world.admin_amqp, f"{queue}{dead_letters.SUFFIX}")
    return sum(_dead(world, queues).values())


def _told(world: World) -> int:
    return sum(world.value(service, TOLD) for service in SERVICES)


async def _silent(world: World) -> int:
    """How many services do not answer the next call."""
    client = BusClient(world.funder_amqp, name="chaos")
    await client.start()
    try:
        calls = (client.call(method, EventsSince(limit=1)) for method in REPLAYS.values())
        answers = await asyncio.gather(*calls, return_exceptions=True)
    finally:
        await client.close()
    return sum(isinstance(answer, BaseException) for answer in answers)
