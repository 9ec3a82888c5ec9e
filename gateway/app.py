"""The application: its parts, its routes, its life."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from espace_contracts import identity
from fastapi import FastAPI, Request
from starlette.responses import PlainTextResponse, Response
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from gateway import api, errors, pages
from gateway.crowding import Crowding
from gateway.edge import Edge
from gateway.files import Files
from gateway.heads import Heads
from gateway.operators_pages import Leaving, OperatorsPages, readiness
from gateway.rendering import Pages, read_manifest
from gateway.robot import Robot
from gateway.session import Bus, Cookies, Sessions
from gateway.settings import Settings
from gateway.static_files import Unchanging

STATIC = Path(__file__).parent / "static"


def create_app(
    settings: Settings, bus: Bus, *, manifest: dict[str, str] | None = None, for_operators: bool = False
) -> FastAPI:
    """The gateway over *bus*, which it starts and closes with itself. Raises AssetsMissing.

    *for_operators*: it also listens on the operators' port.
    """
    app = FastAPI(title="Espace Employeur", docs_url=None, redoc_url=None, openapi_url=None, lifespan=_life)
    state = app.state
    state.settings, state.bus, state.leaving = settings, bus, Leaving()
    state.operators_pages = OperatorsPages(settings, bus, state.leaving) if for_operators else None
    state.cookies = Cookies(settings.secure)
    state.sessions = Sessions(bus, seconds=settings.session_cache_seconds)
    state.pages = Pages(settings, read_manifest() if manifest is None else manifest)
    state.files = Files(settings.ca_file)
    previous = settings.previous_robot_key
    state.robot = Robot(settings.robot_key.get_secret_value(), previous.get_secret_value() if previous else None)
    bus.listen(identity.SessionEnded, state.sessions.ended)
    bus.on_disconnect(state.sessions.forget_all)
    app.mount("/static/build", Unchanging(directory=STATIC / "build", check_dir=False), name="static")
    app.add_api_route("/healthz", _alive, include_in_schema=False)
    app.add_api_route("/readyz", _ready, include_in_schema=False)
    app.include_router(pages.router)
    app.include_router(api.router)
    errors.install(app)
    app.add_middleware(Heads)
    state.crowding = Crowding(settings.most_requests)
    edge = {"public_url": settings.public_url, "leaving": state.leaving, "crowding": state.crowding}
    app.add_middleware(Edge, broken=errors.broken, **edge)
    # Outermost: everything inside sees the address of the person, if a proxy of ours tells it.
    app.add_middleware(ProxyHeadersMiddleware, trusted_hosts=settings.proxies)
    return app


@asynccontextmanager
async def _life(app: FastAPI) -> AsyncIterator[None]:
    await app.state.files.start()
    await app.state.bus.start()
    if app.state.operators_pages:
        await app.state.operators_pages.start()
    try:
        yield
    finally:
        if app.state.operators_pages:
            await app.state.operators_pages.close()
        await app.state.bus.close()
        await app.state.files.close()


async def _alive() -> Response:
    return PlainTextResponse("ok")


async def _ready(request: Request) -> Response:
    """For a balancer: no more than whether to send people here."""
    page, ready = readiness(request.app.state.bus, request.app.state.leaving)
    return PlainTextResponse(page["status"], status_code=200 if ready else 503)
