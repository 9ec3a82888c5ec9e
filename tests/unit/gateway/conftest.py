"""A gateway over canned answers, and a store of bytes that really speaks HTTP."""

from collections.abc import Iterator, Mapping

import pytest
from jinja2 import Environment
from starlette.testclient import TestClient

from gateway import rendering
from gateway.app import create_app
from gateway.security import csrf_token
from tests.doubles.bus import FakeBus
from tests.doubles.portal import NAMES, ORIGIN, ROBOT_KEY, TOKEN, settings
from tests.doubles.store import Store, listening

__all__ = ["ORIGIN", "ROBOT_KEY", "TOKEN", "Store", "settings"]  # tests take them from here


@pytest.fixture(scope="session", autouse=True)
def _compiled_once() -> Iterator[None]:
    """One environment for all portals of the same files: to compile the templates takes longer than most tests."""
    made: dict[frozenset[tuple[str, str]], Environment] = {}
    environment = rendering.environment

    def shared(manifest: Mapping[str, str]) -> Environment:
        files = frozenset(manifest.items())
        return made[files] if files in made else made.setdefault(files, environment(manifest))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rendering, "environment", shared)
        yield


@pytest.fixture
def bus() -> FakeBus:
    """The canned answers; tests change them."""
    return FakeBus()


@pytest.fixture
def client(bus: FakeBus) -> Iterator[TestClient]:
    """A browser that follows no redirect and belongs to nobody yet."""
    app = create_app(settings(largest_upload=200_000), bus, manifest={name: name for name in NAMES})
    with TestClient(app, base_url=ORIGIN, follow_redirects=False, raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def member(client: TestClient) -> TestClient:
    """The same browser with the cookie of a session."""
    client.cookies.set("session", TOKEN)
    return client


@pytest.fixture
def csrf() -> str:
    """The anti-forgery token of `member`."""
    return csrf_token(TOKEN)


@pytest.fixture
def store() -> Iterator[Store]:
    """The store, listening."""
    with listening() as store:
        yield store
