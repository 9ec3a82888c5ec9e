"""The gateway as it is, over canned answers, served in this process."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import uvicorn
from fastapi import FastAPI

from gateway.app import create_app
from tests.doubles.bus import FakeBus
from tests.doubles.portal import settings


@dataclass(frozen=True)
class Served:
    """A gateway that answers at *origin*; *bus* is what its services say."""

    origin: str
    bus: FakeBus
    app: FastAPI


@contextmanager
def served() -> Iterator[Served]:
    """The gateway on a free port, asking for the session at every request."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        origin = f"http://127.0.0.1:{listening.getsockname()[1]}"
        bus = FakeBus()
        app = create_app(settings(PUBLIC_URL=origin, session_cache_seconds=0, largest_upload=2_000_000), bus)
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        try:
            yield Served(origin, bus, app)
        finally:
            server.should_exit = True
            thread.join()
