"""The two that `bench.intake` compares: the same validation, inbox, payment and outbox row, exactly once.

Ours is the method of the service `payments`, in batches; the other is nameko's event handler, a transaction an event.
"""

import os
import sys
from types import SimpleNamespace
from typing import Any

TYPE, OURS, STOCK = "PaymentIssued.v1", "payments", "bench_intake"


def serve(kind: str, amqp_url: str, database_url: str) -> None:
    """Until killed; `.` on standard output says that it consumes."""
    os.environ.setdefault("PSYCOPG_WAIT_FUNC", "wait_selector")
    import eventlet

    eventlet.monkey_patch()  # before anything else is imported
    from nameko.containers import ServiceContainer
    from pydantic import SecretStr

    secret = SecretStr(database_url)
    settings = SimpleNamespace(database_url=secret, worker_database_url=secret)
    config = {"AMQP_URI": amqp_url, "AMQP_SSL": False, "max_workers": 10, "HEARTBEAT": 20, "settings": settings}
    container = ServiceContainer({"ours": _ours, "stock": _stock}[kind](), config)
    container.start()
    container.wait()


def _ours() -> type:
    from espace_contracts import funder

    from chassis.bus import subscribe_in_batches
    from chassis.clock import utc_now
    from chassis.database import DatabaseProvider
    from services.payments.usecases import recording

    class Ours:
        name = OURS
        db = DatabaseProvider()

        @subscribe_in_batches(funder.PaymentIssued)
        def record_issued_payments(self, events: Any) -> None:
            """As in services/payments/service.py."""
            with self.db.once_each(events) as (connection, fresh):
                recording.record(connection, [event.data for event in fresh], now=utc_now())

    return Ours


def _stock() -> type:
    import json

    from espace_contracts import funder
    from espace_contracts.envelope import read_event
    from nameko.events import event_handler

    from chassis.clock import utc_now
    from chassis.database import DatabaseProvider
    from services.payments.usecases import recording

    class Stock:
        name = STOCK
        db = DatabaseProvider()

        @event_handler("bench", TYPE)
        def record_issued_payment(self, document: Any) -> None:
            """The same work for one event."""
            event = read_event(json.dumps(document).encode(), funder.PaymentIssued)
            with self.db.once(event) as connection:
                recording.record(connection, [event.data], now=utc_now())

    return Stock


if __name__ == "__main__":
    serve(*sys.argv[1:])
