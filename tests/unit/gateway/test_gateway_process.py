"""The gateway as a process: where it listens, and how it ends (R15)."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import uvicorn

from gateway import __main__ as process
from gateway.app import create_app
from tests.doubles.portal import NAMES, ROBOT_KEY, settings
from tests.doubles.samples import SampleBus


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def asked(port: int, path: str) -> int:
    """The status of GET *path*; 0 when nobody listens."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0


@contextmanager
def gateway(**more: str) -> Iterator[tuple[subprocess.Popen[bytes], int, int]]:
    """The process, the portal's port and the operators'; its broker is away."""
    portal, operators = free_port(), free_port()
    variables = {
        "GATEWAY_AMQP_URL": "amqp://gateway:of-the-tests@127.0.0.1:9/x",
        "GATEWAY_IDENTITY_PUBLIC_KEY": "A" * 43 + "=",
        "GATEWAY_ROBOT_KEY": ROBOT_KEY,
        "GATEWAY_HTTP_PORT": str(portal),
        "GATEWAY_OPERATORS_PORT": str(operators),
    }
    process = subprocess.Popen([sys.executable, "-m", "gateway"], env=os.environ | variables | more)
    try:
        while not asked(portal, "/healthz"):
            assert process.poll() is None
            time.sleep(0.1)
        yield process, portal, operators
    finally:
        process.kill()
        process.wait(10)


def test_r15_told_to_end_it_turns_the_balancer_away_goes_on_answering_and_ends_with_0() -> None:
    with gateway(GATEWAY_DRAIN_SECONDS="0.7") as (process, portal, operators):
        assert asked(operators, "/healthz") == 200
        assert asked(operators, "/metrics") == 200
        assert asked(operators, "/readyz") == 503, "the broker is away"
        assert asked(portal, "/metrics") == 404
        process.send_signal(signal.SIGTERM)
        assert asked(portal, "/healthz") == 200, "requests are still taken"
        assert process.wait(10) == 0
        assert asked(portal, "/healthz") == 0


def test_r17_the_longest_time_that_its_loop_had_no_turn_is_told() -> None:
    with gateway() as (_, _, operators):
        with urllib.request.urlopen(f"http://127.0.0.1:{operators}/metrics", timeout=5) as answer:
            (line,) = (one for one in answer.read().decode().splitlines() if one.startswith("espace_hub_longest_gap"))
        assert 0 < float(line.rpartition(" ")[2]) < 60


def test_r17_every_template_is_compiled_before_the_first_request(monkeypatch: pytest.MonkeyPatch) -> None:
    app = create_app(settings(), SampleBus(), manifest={name: name for name in NAMES})
    templates = app.state.pages._environment

    async def listen(*_: Any) -> None:
        assert len(templates.cache) == len(templates.list_templates()) > 50

    monkeypatch.setattr(uvicorn.Server, "startup", listen)
    monkeypatch.setattr(process, "leave_alone_what_stays", lambda: None)
    asyncio.run(process.Portal(app, settings()).startup())
