"""K38: the tables of delivery keep what can still matter, and nothing for ever; a clock is handed in."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from pydantic import SecretStr
from sqlalchemy import text

from chassis import pruning
from chassis.pruning import BETWEEN, PAUSE, SETTLING, DeliveryPruning
from chassis.settings import ServiceSettings

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
NOWHERE = SecretStr("scheme://user:0f4e1c9a7d52b386@nowhere.example/none")
SETTINGS = ServiceSettings(amqp_url=NOWHERE, database_url=NOWHERE, worker_database_url=NOWHERE)
FILL = {
    "outbox": "insert into outbox (event_id, type, exchange, body, created_at, published_at)"
    " values (gen_random_uuid(), :name, 'e', '{}', :moment, :moment)",
    "waiting": "insert into outbox (event_id, type, exchange, body, created_at)"
    " values (gen_random_uuid(), :name, 'e', '{}', :moment)",
    "inbox": "insert into inbox (consumer, source, event_id, data_sha256, applied_at)"
    " values ('c', 's', :name, '', :moment)",
    "burials": "insert into burials (queue, source, event_id, data_sha256, reason, fields, attempts, buried_at)"
    " values ('q', 's', :name, '', 'r', '{}', 1, :moment)",
    "idempotency": "insert into idempotency (method, scope, key, request_sha256, created_at)"
    " values ('m', 's', :name, '', :moment)",
}
NAMES = {"outbox": "type", "inbox": "event_id", "burials": "event_id", "idempotency": "key"}
KEPT_DAYS = {"outbox": 30, "inbox": 40, "burials": 40, "idempotency": 7}


@pytest.fixture
def loop(payments_db):
    """The loop, its clock at NOW, the queues settled."""
    made = DeliveryPruning()
    made.shared_database = SimpleNamespace(database=payments_db)
    made.clock = lambda: NOW - SETTLING
    made.use(SETTINGS)
    made.clock = lambda: NOW
    return made


def fill(database, kind, name, moment):
    with database.work() as connection:
        connection.execute(text(FILL[kind]), {"name": name, "moment": moment})


def left(database, table):
    with database.work() as connection:
        names = connection.execute(text(f"select {NAMES[table]} from {table} order by 1"))  # noqa: S608 - own words
        return [row[0] for row in names]


@pytest.mark.parametrize(("table", "days"), KEPT_DAYS.items())
def test_k38_rows_stay_for_their_time_and_then_go(payments_db, loop, table, days):
    fill(payments_db, table, "just young enough", NOW - timedelta(days=days) + timedelta(seconds=1))
    fill(payments_db, table, "too old", NOW - timedelta(days=days, seconds=1))
    assert loop.run_once() == PAUSE
    assert left(payments_db, table) == ["just young enough"]


def test_r02_what_waits_to_be_published_never_goes(payments_db, loop):
    fill(payments_db, "waiting", "waits", NOW - timedelta(days=300))
    fill(payments_db, "outbox", "published", NOW - timedelta(days=300))
    loop.run_once()
    assert left(payments_db, "outbox") == ["waits"]


def test_a_round_is_bounded_and_the_next_one_comes_soon(payments_db, loop, monkeypatch):
    monkeypatch.setattr(pruning, "AT_ONCE", 4)
    monkeypatch.setattr(pruning, "ENOUGH", 2)
    for table in NAMES:
        for number in range(5):
            fill(payments_db, table, f"n{number}", NOW - timedelta(days=100 - number))
    assert loop.run_once() == BETWEEN
    assert [left(payments_db, table) for table in NAMES] == [["n4"]] * len(NAMES), "the oldest go first"
    assert loop.run_once() == PAUSE
    assert [left(payments_db, table) for table in NAMES] == [[]] * len(NAMES)


def test_r03_nothing_goes_before_the_queues_of_a_long_stopped_service_are_empty(payments_db, loop):
    fill(payments_db, "inbox", "applied long ago", NOW - timedelta(days=100))
    loop.use(SETTINGS)
    assert loop.run_once() == SETTLING.total_seconds()
    assert left(payments_db, "inbox") == ["applied long ago"]
    loop.clock = lambda: NOW + SETTLING
    loop.run_once()
    assert left(payments_db, "inbox") == []


def test_r03_inbox_outlives_the_dead_letters_by_ten_days():
    with pytest.raises(ValueError, match="greater than or equal to 40"):
        ServiceSettings(amqp_url=NOWHERE, database_url=NOWHERE, worker_database_url=NOWHERE, inbox_days=39)
