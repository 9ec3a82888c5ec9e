"""A gateway over canned answers, and a store of bytes that really speaks HTTP."""

import base64
import hashlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from fake_bus import FakeBus
from nacl.public import PrivateKey
from starlette.testclient import TestClient

from gateway.app import create_app
from gateway.security import csrf_token
from gateway.settings import Settings

TOKEN = "a-session-token-of-this-test-0123456789abcdef"
NAMES = (
    "favicon.svg",
    "figtree-latin-wght-normal.woff2",
    "bootstrap.min.css",
    "theme.css",
    "htmx.min.js",
    "app.js",
    "altcha.min.js",
    "altcha.css",
    "pbkdf2.js",
    "fr-fr.js",
    "robot.js",
    "upload.js",
    "THIRD_PARTY.txt",
)
ROBOT_KEY = "r" * 32
ORIGIN = "http://127.0.0.1:8000"


def settings(**more: object) -> Settings:
    """Settings of a gateway on this machine."""
    key = base64.b64encode(bytes(PrivateKey(b"k" * 32).public_key)).decode()
    return Settings(
        amqp_url="amqp://nobody@nowhere/", identity_public_key=key, robot_key=ROBOT_KEY, PUBLIC_URL=ORIGIN, **more
    )


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


class Store:
    """An HTTP server that keeps what is PUT, once, and serves it with ranges."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.headers: dict[str, str] = {}
        self.failing = False
        store = self

        class Handler(BaseHTTPRequestHandler):
            """One request."""

            def do_PUT(self) -> None:
                """Keep the body, if it is whole: no store keeps less than was announced."""
                announced = int(self.headers["Content-Length"])
                body = self.rfile.read(announced)
                if len(body) < announced:
                    return
                store.headers = {name.lower(): value for name, value in self.headers.items()}
                status = 500 if store.failing else 412 if self.path in store.objects else 200
                if status == 200:
                    store.objects[self.path] = body
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def do_GET(self) -> None:
                """Serve it, or a part."""
                body, wanted = store.objects.get(self.path), self.headers.get("Range")
                status = 500 if store.failing else 404 if body is None else 206 if wanted else 200
                body = body or b""
                if status == 206:
                    start, end = (int(number) for number in wanted.removeprefix("bytes=").split("-"))
                    body, total = body[start : end + 1], len(body)
                self.send_response(status)
                if status == 206:
                    self.send_header("Content-Range", f"bytes {start}-{end}/{total}")
                self.send_header("Content-Type", "text/html")
                self.send_header("ETag", f'"{hashlib.md5(body, usedforsecurity=False).hexdigest()}"')
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_arguments: object) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"


@pytest.fixture
def store() -> Iterator[Store]:
    """The store, listening."""
    store = Store()
    thread = threading.Thread(target=store.server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield store
    store.server.shutdown()
    store.server.server_close()
    thread.join()
