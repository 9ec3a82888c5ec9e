"""The portal's payments as a test sees them: use cases on a real, fresh database."""

import json

import pytest
from espace_contracts import payments as api
from sqlalchemy import text

from services.payments.usecases import lists, recording, ticks
from tests.service.payments.payment_builders import CAMILLE, CLINIC, NOW, search, ticking, unticking
from tests.service.payments.running import RunningPayments


class Portal:
    """Calls each use case in a transaction of its own, as the service does."""

    def __init__(self, database):
        self.database = database

    def record(self, *statements, now=NOW):
        with self.database.work() as connection:
            return recording.record(connection, statements, now=now)

    def rpc_record(self, payments, **how):
        with self.database.work() as connection:
            return recording.record_payments(connection, api.RecordPayments(payments=payments, **how), now=NOW)

    def list(self, *, siret=CLINIC, cursor=None, limit=100, **criteria):
        request = api.ListPayments(siret=siret, search=search(**criteria), cursor=cursor, limit=limit)
        with self.database.transaction(siret=siret, snapshot=True) as connection:
            return lists.list_payments(connection, request)

    def numbers(self, **criteria):
        return [payment.payment_number for payment in self.list(**criteria).payments]

    def one(self, number="900001", siret=CLINIC):
        (payment,) = [one for one in self.list(siret=siret).payments if one.payment_number == number]
        return payment

    def tick(self, *numbers, siret=CLINIC, now=NOW, **request):
        with self.database.transaction(siret=siret) as connection:
            return ticks.tick(connection, ticking(*numbers, siret=siret, **request), now=now).changed

    def untick(self, *numbers, siret=CLINIC, now=NOW):
        with self.database.transaction(siret=siret) as connection:
            return ticks.untick(connection, unticking(*numbers, siret=siret), now=now).changed

    def tick_all(self, *, siret=CLINIC, now=NOW, actor=CAMILLE, seen_until=None, **criteria):
        request = api.TickPayments(siret=siret, actor=actor, search=search(**criteria), seen_until=seen_until)
        with self.database.transaction(siret=siret) as connection:
            return ticks.tick(connection, request, now=now)

    def undo(self, batch, *, siret=CLINIC, now=NOW):
        request = api.UntickPayments(siret=siret, actor=CAMILLE, batch=batch)
        with self.database.transaction(siret=siret) as connection:
            return ticks.untick(connection, request, now=now).changed

    def events(self):
        """(type, data) of all events that wait in the outbox."""
        with self.database.work() as connection:
            rows = connection.execute(text("select type, body from outbox order by id")).all()
        return [(row.type, json.loads(row.body)["data"]) for row in rows]


@pytest.fixture
def portal(payments_db):
    return Portal(payments_db)


def url_of(engine):
    return engine.url.set(drivername="postgresql").render_as_string(hide_password=False)


@pytest.fixture
def running(payments_db, object_store, bucket, tmp_path):
    service = RunningPayments(
        tmp_path,
        {
            "PAYMENTS_DATABASE_URL": url_of(payments_db._app),
            "PAYMENTS_WORKER_DATABASE_URL": url_of(payments_db._worker),
            "PAYMENTS_S3_ENDPOINT": bucket.endpoint,
            "PAYMENTS_S3_ACCESS_KEY": bucket.access_key,
            "PAYMENTS_S3_SECRET_KEY": bucket.secret_key,
            "PAYMENTS_S3_BUCKET": bucket.name,
            "PAYMENTS_EXPORT_AT_ONCE": "100",
            "PAYMENTS_EXPORT_LEASE_SECONDS": "2",
        },
    )
    service.start()
    yield service
    assert service.stop() == 0
