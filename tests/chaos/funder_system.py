"""The funder's system: plain kombu, and a ledger of what the broker has confirmed. Nothing of ours on the wire."""

import json
import random
import threading
import time
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import kombu
from amqp.exceptions import AMQPError

from tests.journeys.outside import new_siret

EXCHANGE = "funder.events"
PATIENCE = 5  # seconds for the broker to connect, and to confirm
PAUSE = 0.2  # seconds before a publish is tried again
TROUBLE = (OSError, AMQPError, kombu.exceptions.KombuError)


def event(kind: str, data: dict[str, Any]) -> dict[str, Any]:
    """One CloudEvent of this system."""
    return {
        "specversion": "1.0",
        "id": str(uuid.uuid4()),
        "source": "urn:chaos:back-office",
        "type": kind,
        "time": datetime.now(UTC).isoformat(),
        "data": data,
    }


def payment(number: str, version: int, *, siret: str) -> dict[str, Any]:
    """The facts of one payment; a higher version pays another amount."""
    return {
        "payment_number": number,
        "version": version,
        "siret": siret,
        "dossier_number": f"19GE{number[-5:]}",
        "beneficiary": {"last_name": "MARTIN", "first_name": "Audrey"},
        "training_title": "INFIRMIER BLOC OPERATOIRE",
        "amount": f"{1000 + version}.50",
        "currency": "EUR",
        "paid_hours": "151.67",
        "periods": [{"start": "2019-11-01", "end": "2019-11-30"}],
        "paid_on": "2019-12-11",
        "transfer_reference": f"TP20191211-{number}",
    }


@dataclass
class Ledger:
    """What this system was promised: the events that the broker has confirmed, and what they state."""

    confirmed: list[dict[str, Any]] = field(default_factory=list)
    returned: list[str] = field(default_factory=list)
    attempts: int = 0

    @property
    def payments(self) -> dict[str, int]:
        """The highest confirmed version of each payment."""
        newest: dict[str, int] = {}
        for one in self.confirmed:
            if one["type"] == "PaymentIssued.v1":
                number, version = one["data"]["payment_number"], one["data"]["version"]
                newest[number] = max(version, newest.get(number, 0))
        return newest


class FunderSystem:
    """Publishes until the broker confirms, however often it takes; the same event keeps its id."""

    def __init__(self, amqp_url: str) -> None:
        self._url = amqp_url
        self._connection: kombu.Connection | None = None
        self._producer: kombu.Producer | None = None
        self.ledger = Ledger()

    def publish(self, events: Iterable[dict[str, Any]], *, pause: float = 0.0, noted: bool = True) -> None:
        """Publish each of *events*, *pause* seconds apart; with *noted* they are written into the ledger."""
        for one in events:
            while not self._try(one):
                time.sleep(PAUSE)
            if noted:
                self.ledger.confirmed.append(one)
            if pause:
                time.sleep(pause)
        self._drop()

    def _try(self, one: dict[str, Any]) -> bool:
        self.ledger.attempts += 1
        try:
            if self._producer is None:
                self._connect()
            self._producer.publish(
                json.dumps(one).encode(),
                exchange=EXCHANGE,
                routing_key=one["type"],
                content_type="application/json",
                content_encoding="utf-8",
                delivery_mode=2,
                mandatory=True,
                timeout=PATIENCE,
                confirm_timeout=PATIENCE,
            )
        except TROUBLE:
            self._drop()
            return False
        return True

    def _connect(self) -> None:
        self._connection = kombu.Connection(
            self._url, connect_timeout=PATIENCE, transport_options={"confirm_publish": True}
        )
        self._producer = kombu.Producer(
            self._connection.channel(), on_return=lambda _e, _exchange, key, _m: self.ledger.returned.append(key)
        )

    def _drop(self) -> None:
        connection, self._connection, self._producer = self._connection, None, None
        if connection is not None:
            connection.collect()  # without the closing handshake: a frozen broker would not answer it


def payments(count: int, *, mark: str, employers: int = 5, chance: random.Random) -> list[dict[str, Any]]:
    """*count* events about payments named after *mark*: most once, a third with a second version soon after."""
    sirets = [new_siret() for _ in range(employers)]
    events: list[dict[str, Any]] = []
    number = 0
    while len(events) < count:
        number += 1
        name, siret = f"{mark}{number:05d}", chance.choice(sirets)
        versions = (1, 2) if chance.random() < 1 / 3 and len(events) + 2 <= count else (1,)
        events += [event("PaymentIssued.v1", payment(name, version, siret=siret)) for version in versions]
    return events


def dice(seed: int | str) -> random.Random:
    """Chance that falls the same way each time."""
    return random.Random(seed)  # noqa: S311 - no secret: a run must be repeatable


def in_background(work: Callable[[], None]) -> threading.Thread:
    """Run *work* beside the caller."""
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread
