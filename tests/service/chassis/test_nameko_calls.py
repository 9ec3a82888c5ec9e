"""Another team's nameko service calls ours: typed answers, and an end in time whatever is away (R12)."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from urllib.parse import quote

import psycopg
import pytest

from ops.management import request as manage
from tests.service.chassis.conftest import Toy
from tests.service.stack import stack
from tests.service.waiting import wait_until

MODULE = "tests.service.chassis.outside_service"


class Outside:
    """The other service as a process; `ask` makes it call."""

    def __init__(self, amqp_url: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", MODULE],
            env=os.environ | {"AMQP_URL": amqp_url},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, method: str, text: str = "x", *, seconds: float = 10) -> tuple[str, float]:
        """What came of the call, and the seconds that it took."""
        self.begin(method, text, seconds=seconds)
        return self.end()

    def begin(self, method: str, text: str = "x", *, seconds: float = 10) -> None:
        """Only ask."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{method} {text} {seconds}\n")
        self._process.stdin.flush()

    def end(self) -> tuple[str, float]:
        """What came of it."""
        assert self._process.stdout is not None
        said, took = json.loads(self._process.stdout.readline())
        return said, took

    def stop(self) -> int:
        """Close its input; its exit code."""
        self._process.communicate(timeout=20)
        return self._process.returncode


@pytest.fixture(scope="module")
def outside(toy_servers: Toy) -> Iterator[Outside]:
    """One process for all tests, which it survives."""
    service = Outside(toy_servers.amqp_url)
    yield service
    assert service.stop() == 0


def test_answers_refusals_and_incidents_arrive_as_what_they_are(toy: Toy, outside: Outside) -> None:
    assert outside.ask("echo", "well")[0] == "answer well"
    assert outside.ask("echo", "refuse")[0] == "NotFound text"
    assert outside.ask("echo", "break")[0] == "Incident 12"


def test_r12_given_up_call_ends_in_time_and_is_not_executed_later(toy: Toy, outside: Outside) -> None:
    assert outside.ask("note", "before")[0] == "answer before"
    assert toy.process is not None
    toy.process.send_signal(signal.SIGSTOP)
    said, took = outside.ask("note", "late", seconds=1)
    time.sleep(0.2)
    toy.process.send_signal(signal.SIGCONT)
    assert said == "Unavailable toy.note"
    assert took < 2
    assert outside.ask("note", "after")[0] == "answer after"
    assert toy.notes() == ["after", "before"]


def test_r06_lost_connection_ends_the_call_in_flight_and_is_made_again(toy: Toy, outside: Outside) -> None:
    assert outside.ask("echo", "before")[0] == "answer before"
    outside.begin("sleep", "slow", seconds=30)
    wait_until(lambda: sleeps_in(toy), what="the call")
    close_connection(toy)
    said, took = outside.end()
    assert said == "Unavailable toy.sleep"
    assert took < 25, "long before its deadline"
    assert outside.ask("echo", "again")[0] == "answer again"


def test_r06_without_a_broker_a_call_ends_in_time(free_port: int) -> None:
    service = Outside(f"amqp://nobody:nothing@127.0.0.1:{free_port}/")
    for _ in range(2):
        said, took = service.ask("echo", seconds=0.5)
        assert said == "Unavailable toy.echo"
        assert took < 1.5
    assert service.stop() == 0


@pytest.fixture
def free_port(toy_servers: Toy) -> int:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        return free.getsockname()[1]


def sleeps_in(toy: Toy) -> bool:
    """Whether the toy's database is asleep for a call."""
    query = "select 1 from pg_stat_activity where wait_event = 'PgSleep' and datname = %s"
    with psycopg.connect(stack()["migrate"]["OPS_POSTGRES_URL"]) as connection:
        return connection.execute(query, (toy.database.name,)).fetchone() is not None


def close_connection(toy: Toy) -> None:
    """As an operator, or a broker that goes away, closes it: the other service's."""
    vhost = toy.amqp_url.rpartition("/")[2]

    def listed() -> list[str]:
        everybody = manage(toy.management_url, "GET", f"/api/vhosts/{vhost}/connections")
        return [one["name"] for one in everybody if one.get("user_provided_name") == "calls of outside"]

    for name in wait_until(listed, what="the connection"):
        manage(toy.management_url, "DELETE", f"/api/connections/{quote(name)}")
