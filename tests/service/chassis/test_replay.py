"""events_since reads everything once, in spite of transactions that commit in another order than they began."""

import random
import threading
import time
from datetime import UTC, datetime

import pytest
from espace_contracts.errors import InvalidRequest
from espace_contracts.replay import EventsSince
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chassis import outbox
from chassis.database import Database, engine_for
from chassis.replay import events_since
from tests.service.chassis.conftest import Toy
from tests.service.chassis.toy import contract as api

PAUSES = [random.Random(number).random() for number in range(25)]  # noqa: S311 - pauses, no secrets
NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def database(toy_servers: Toy) -> Database:
    urls = toy_servers.database
    found = Database(
        service="toy", app=engine_for(urls.app_url, name="t"), worker=engine_for(urls.worker_url, name="t")
    )
    yield found
    found.close()


def drain(database: Database, cursor: str | None, *, limit: int = 7) -> tuple[list[str], str | None]:
    texts: list[str] = []
    while True:
        with database.work() as connection:
            page = events_since(connection, EventsSince(cursor=cursor, limit=limit))
        if not page.events:
            return texts, cursor
        texts += [event["data"]["text"] for event in page.events if event["type"] == "Felt.v1"]
        cursor = page.next_cursor


def finish(database: Database, cursor: str | None, seen: list[str], *, count: int) -> list[str]:
    """Read on until *count* events were seen: a transaction of another database of the server holds them back too."""
    deadline = time.monotonic() + 20
    while len(seen) < count and time.monotonic() < deadline:
        more, cursor = drain(database, cursor)
        seen += more
        time.sleep(0.02)
    more, _ = drain(database, cursor)
    return seen + more


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.permutations(range(6)), reads=st.lists(st.booleans(), min_size=6, max_size=6))
def test_reader_between_commits_in_any_order_misses_and_repeats_nothing(
    database: Database, order: list[int], reads: list[bool]
) -> None:
    _, cursor = drain(database, None)
    contexts = [database.work() for _ in order]
    connections = [context.__enter__() for context in contexts]
    for number, connection in enumerate(connections):
        outbox.publish(connection, api.Felt(text=f"{number}"), subject="s", at=NOW)
    seen: list[str] = []
    for place, read in zip(order, reads, strict=True):
        contexts[place].__exit__(None, None, None)
        if read:
            more, cursor = drain(database, cursor)
            seen += more
    assert sorted(finish(database, cursor, seen, count=6)) == [str(number) for number in range(6)]


def test_reader_beside_busy_writers_gets_every_event_once(database: Database) -> None:
    _, cursor = drain(database, None)
    expected = {f"{writer}-{number}" for writer in range(4) for number in range(25)}

    def write(writer: int) -> None:
        for number in range(25):
            with database.work() as connection:
                outbox.publish(connection, api.Felt(text=f"{writer}-{number}"), subject="s", at=NOW)
                threading.Event().wait(PAUSES[number] / 200)

    writers = [threading.Thread(target=write, args=(writer,)) for writer in range(4)]
    for writer in writers:
        writer.start()
    seen: list[str] = []
    while any(writer.is_alive() for writer in writers):
        more, cursor = drain(database, cursor)
        seen += more
    assert sorted(finish(database, cursor, seen, count=100)) == sorted(expected)


@pytest.mark.parametrize(
    "cursor", ["x", "1.2", "1.2.3.4", "2.1.1", "2.5.1.1", "1.-1.1", "1.99999999999999999999.1", "1.1.' or 1=1"]
)
def test_cursor_that_is_none_is_refused(database: Database, cursor: str) -> None:
    with pytest.raises(InvalidRequest) as caught, database.work() as connection:
        events_since(connection, EventsSince(cursor=cursor))
    assert caught.value.fields == ("cursor",)


def test_transactions_are_ordered_as_numbers_when_these_grow_by_a_digit(database: Database) -> None:
    with database.work() as connection:
        for text, xid in (("sooner", "9"), ("later", "10")):
            published = outbox.publish(connection, api.Felt(text=text), subject="s", at=NOW)
            connection.exec_driver_sql("update outbox set xid = %s::xid8 where event_id = %s", (xid, published))
    seen, _ = drain(database, None, limit=1)
    assert seen[:2] == ["sooner", "later"]
    assert (seen.count("sooner"), seen.count("later")) == (1, 1)


def test_cursor_of_the_first_release_goes_on_where_it_was(database: Database) -> None:
    with database.work() as connection:
        for text in ("first", "second"):
            outbox.publish(connection, api.Felt(text=text), subject="s", at=NOW)
    with database.work() as connection:
        xid, last_id = connection.exec_driver_sql(
            "select xid::text, min(id) from outbox group by 1 order by 2 desc"
        ).first()
    assert finish(database, f"1.{xid}.{last_id}", [], count=1) == ["second"]


def test_r21_cursor_of_another_servers_data_is_refused_rather_than_skipping_events(database: Database) -> None:
    with database.work() as connection:
        outbox.publish(connection, api.Felt(text="here"), subject="s", at=NOW)
    _, cursor = drain(database, None)
    elsewhere = ".".join(("2", "7000000000000000001", *cursor.split(".")[2:]))
    with pytest.raises(InvalidRequest, match="of before a restore") as caught, database.work() as connection:
        events_since(connection, EventsSince(cursor=elsewhere))
    assert caught.value.fields == ("cursor",)
