"""`espace demo`: what a funder's system publishes, published as it would do it: plain kombu, nothing of ours."""

import json
from pathlib import Path

import kombu

from chassis.tls import broker_options
from ops.folders import ROOT

EVENTS = ROOT / "demo" / "events.jsonl"
EMPLOYER_MAIL = "rh@clinique-des-tilleuls.example"
PATIENCE = 10  # seconds for the broker to connect, and to confirm


class Unroutable(Exception):
    """The broker gave events back: nobody would ever have read them."""


def publish(amqp_url: str, *, file: Path = EVENTS) -> int:
    """Publish each line of *file* and wait for the broker's confirms; the number published.

    Raises kombu.exceptions.OperationalError or OSError when the broker cannot be reached, Unroutable when it has no
    queue for an event.
    """
    returned: list[str] = []
    lines = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines() if line]
    options = {"confirm_publish": True}
    tls = broker_options(amqp_url, None)
    with kombu.Connection(amqp_url, ssl=tls, transport_options=options, connect_timeout=PATIENCE) as connection:
        producer = kombu.Producer(connection, on_return=lambda _e, _exchange, key, _m: returned.append(key))
        for line in lines:
            producer.publish(
                json.dumps(line["body"], ensure_ascii=False).encode(),
                exchange=line["exchange"],
                routing_key=line["routing_key"],
                content_type="application/json",
                content_encoding="utf-8",
                delivery_mode="persistent",
                mandatory=True,
                timeout=PATIENCE,
                confirm_timeout=PATIENCE,
            )
    if returned:
        raise Unroutable(f"no queue takes {', '.join(sorted(set(returned)))}")
    return len(lines)
