"""events_since reads everything once, in spite of transactions that commit in another order than they began."""

import random
import threading
import time
from datetime import UTC, datetime, timedelta

import pytest
from espace_contracts.errors import CursorTooOld, InvalidRequest
from espace_contracts.replay import EventsSince
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chassis import outbox
from chassis.database import Database, engine_for
from chassis.pruning import OUTBOX
from chassis.replay import events_since
from tests.service.chassis.conftest import Toy
from tests.service.chassis.toy import contract as api
from tests.service.waiting import wait_until

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


@pytest.fixture(autouse=True)
def empty(database: Database) -> None:
    """No event, and none that was dropped."""
    with database.work() as connection:
        connection.exec_driver_sql("delete from outbox")
        connection.exec_driver_sql("delete from outbox_horizon")


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
    "cursor",
    [
        "x",
        "1.2",
        "1.2.3.4",
        "2.1.1",
        "2.5.1.1.1",
        "2.5.1.1.1.x",
        "2.5.1.1.99999999999999999999.1",
        "2.5.1.1",
        "1.-1.1",
        "1.99999999999999999999.1",
        "1.1.' or 1=1",
    ],
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


def felt(database: Database, *texts: str) -> None:
    """Each text as an event of its own transaction, published at once."""
    for text in texts:
        with database.work() as connection:
            outbox.publish(connection, api.Felt(text=text), subject="s", at=NOW)
            connection.exec_driver_sql("update outbox set published_at = %s", (NOW,))


def pruned(database: Database) -> int:
    """Drop all that is there, as pruning does; how many."""
    with database.work() as connection:
        return connection.execute(OUTBOX, {"before": NOW + timedelta(seconds=1), "at_once": 10_000}).rowcount


def read(database: Database, cursor: str | None) -> tuple[list[str], str | None]:
    """The next page."""
    with database.work() as connection:
        page = events_since(connection, EventsSince(cursor=cursor))
    return [event["data"]["text"] for event in page.events], page.next_cursor


def caught_up(database: Database, *texts: str) -> str | None:
    """The cursor of a reader that has seen these as its last ones."""
    seen: list[str] = []
    cursor, deadline = None, time.monotonic() + 20
    while seen[-len(texts) :] != list(texts) and time.monotonic() < deadline:
        more, cursor = read(database, cursor)
        seen += more
    return cursor


def test_r02_reader_that_missed_pruned_events_is_told_so(database: Database) -> None:
    felt(database, "known")
    cursor = caught_up(database, "known")
    felt(database, "missed")
    assert pruned(database) == 2
    felt(database, "later")
    with pytest.raises(CursorTooOld) as caught:
        read(database, cursor)
    assert caught.value.fields == ("cursor",)
    assert finish(database, None, [], count=1) == ["later"]


def test_r02_reader_that_saw_all_that_was_pruned_goes_on(database: Database) -> None:
    felt(database, "first", "second")
    cursor = caught_up(database, "first", "second")
    pruned(database)
    assert read(database, cursor) == ([], cursor)
    felt(database, "third")
    assert finish(database, cursor, [], count=1) == ["third"]


def test_r02_reader_that_found_nothing_at_its_beginning_is_told_what_it_missed_since(database: Database) -> None:
    found, cursor = read(database, None)
    assert (found, cursor is None) == ([], False)
    felt(database, "missed")
    pruned(database)
    with pytest.raises(CursorTooOld):
        read(database, cursor)


def test_r02_horizon_never_goes_back_when_an_older_transaction_is_pruned_later(database: Database) -> None:
    felt(database, "far")
    cursor = caught_up(database, "far")
    felt(database, "farther")
    pruned(database)
    felt(database, "straggler")
    with database.work() as connection:
        connection.exec_driver_sql("update outbox set xid = '3'")
    assert pruned(database) == 1
    with pytest.raises(CursorTooOld):
        read(database, cursor)


def finish_by_ones(database: Database) -> list[str]:
    """What a new reader gets, an event a page."""
    wait_until(lambda: drain(database, None, limit=1)[0], what="the events")
    return drain(database, None, limit=1)[0]


def test_r02_reader_that_begins_after_pruning_reads_what_it_passed_over_page_by_page(database: Database) -> None:
    """A row that waited for the broker is kept, behind the horizon: no page of a new reader may be refused for that."""
    with database.work() as connection:
        for text in ("waited", "waited too"):
            outbox.publish(connection, api.Felt(text=text), subject="s", at=NOW)
    with database.work() as connection:
        published = outbox.publish(connection, api.Felt(text="dropped"), subject="s", at=NOW)
        connection.exec_driver_sql("update outbox set published_at = %s where event_id = %s", (NOW, published))
    assert pruned(database) == 1
    assert finish_by_ones(database) == ["waited", "waited too"]
