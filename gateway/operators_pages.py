"""`/healthz`, `/readyz` and `/metrics` for operators, on a port of their own that no proxy publishes (K40)."""

import time
from typing import Any

from aiohttp import web

from chassis import metrics
from gateway.session import Bus
from gateway.settings import Settings


class Leaving:
    """Whether this process has been told to end: a balancer then sends nobody any more."""

    def __init__(self) -> None:
        self.begun = False


def readiness(bus: Bus, leaving: Leaving) -> tuple[dict[str, Any], bool]:
    """What the gateway needs, and whether it can do its work: the broker is all that it reaches by itself."""
    connected = bus.connected
    broker = {
        "state": "up" if connected else "down",
        "needed": True,
        "for_seconds": round(time.monotonic() - bus.changed_at, 1),
        "checked_seconds_ago": 0.0,  # the connection itself tells: its heartbeats end it
    }
    metrics.DEPENDENCY_UP.labels("broker").set(connected)
    ready = connected and not leaving.begun
    status = "leaving" if leaving.begun else "ready" if connected else "unready"
    return {"status": status, "process": "gateway", "dependencies": {"broker": broker}}, ready


class OperatorsPages:
    """A small server beside the portal's, in the same loop."""

    def __init__(self, settings: Settings, bus: Bus, leaving: Leaving) -> None:
        self._bus, self._leaving = bus, leaving
        self._host, self._port = settings.operators_host, settings.operators_port
        app = web.Application()
        app.router.add_get("/healthz", self._alive)
        app.router.add_get("/readyz", self._ready)
        app.router.add_get("/metrics", self._metrics)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)

    async def start(self) -> None:
        """Listen. Raises OSError when the port is taken."""
        await self._runner.setup()
        await web.TCPSite(self._runner, self._host, self._port).start()

    async def close(self) -> None:
        """Listen no more."""
        await self._runner.cleanup()

    async def _alive(self, _request: web.Request) -> web.Response:
        return web.json_response({"status": "ok", "process": "gateway"})

    async def _ready(self, _request: web.Request) -> web.Response:
        page, ready = readiness(self._bus, self._leaving)
        return web.json_response(page, status=200 if ready else 503)

    async def _metrics(self, _request: web.Request) -> web.Response:
        readiness(self._bus, self._leaving)
        content, media_type = metrics.page()
        return web.Response(body=content, headers={"Content-Type": media_type})
