"""`python -m gateway`: one process that serves the portal."""

import asyncio
import functools
import signal
import socket
import sys
from types import FrameType

import structlog
import uvicorn
from fastapi import FastAPI
from pydantic import ValidationError

import chassis.logging
from chassis import metrics, tracing
from chassis.asyncbus import BusClient
from chassis.memory import leave_alone_what_stays
from chassis.settings import faults_of
from chassis.ticks import TICK, Ticks
from gateway.app import create_app
from gateway.settings import Settings

log = structlog.get_logger()

STOP_SECONDS = 10  # after the last request was taken: what is not answered by then is cut


class Portal(uvicorn.Server):
    """A server that, told to end, lets a balancer turn away first, and then ends with 0."""

    def __init__(self, app: FastAPI, settings: Settings) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                host=settings.http_host,
                port=settings.http_port,
                log_config=None,
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=STOP_SECONDS,
                proxy_headers=False,  # the application believes its own proxies (GATEWAY_TRUSTED_PROXIES)
            )
        )
        self._leaving, self._pages = app.state.leaving, app.state.pages
        self._drain_seconds = settings.drain_seconds

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        """Until told to end."""
        self._loop = asyncio.get_running_loop()
        watching = self._loop.create_task(_watch())
        await super().serve(sockets)
        watching.cancel()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Until it answers."""
        self._pages.compile()
        await super().startup(sockets)
        leave_alone_what_stays()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """A signal: the second one ends at once what the first one ends after the time for draining."""
        again, self._leaving.begun = self._leaving.begun, True
        end = functools.partial(super().handle_exit, sig, frame)
        if again or not self._drain_seconds:
            end()
        else:
            self._loop.call_soon_threadsafe(self._loop.call_later, self._drain_seconds, end)


async def _watch() -> None:
    """Tell operators how long the loop had no turn; a service's is watched by chassis/hubwatch.py."""
    ticks = Ticks()
    metrics.HUB_GAP.set_function(ticks.longest)
    while True:
        await asyncio.sleep(TICK)
        ticks.tick()


def main() -> None:
    """Serve until told to stop; settings that do not fit are listed, all of them."""
    try:
        settings = Settings()  # type: ignore[call-arg]  # the environment fills it
    except ValidationError as exc:
        sys.exit("\n".join(("gateway: these settings do not fit", *faults_of(exc, "GATEWAY_"))))
    chassis.logging.configure(settings.log_level, process="gateway")
    tracing.configure(
        process="gateway", endpoint=settings.otlp_endpoint, share=settings.otlp_share, ca_file=settings.ca_file
    )
    bus = BusClient(settings.amqp_url.get_secret_value(), ca_file=settings.ca_file)
    server = Portal(create_app(settings, bus, for_operators=True), settings)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _already_obeyed)
    server.run()
    tracing.flush()
    log.info("process_stopped")
    sys.exit(0 if server.started else 1)


def _already_obeyed(_number: int, _frame: FrameType | None) -> None:
    """uvicorn sends itself the signal again when it has ended, for whoever was there before: nobody."""


if __name__ == "__main__":
    main()
