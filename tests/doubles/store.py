"""A store of bytes that really speaks HTTP."""

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


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
                digest, total = hashlib.md5(body, usedforsecurity=False).hexdigest(), len(body)
                if status == 206:
                    first, last = wanted.removeprefix("bytes=").split("-")
                    start = int(first) if first else total - int(last)
                    end = int(last) if first and last else total - 1
                    status, body = (416, b"") if start >= total else (206, body[start : end + 1])
                self.send_response(status)
                if status in (206, 416):
                    self.send_header("Content-Range", f"bytes {start}-{end}/{total}" if body else f"bytes */{total}")
                self.send_header("Content-Type", "text/html")
                self.send_header("ETag", f'"{digest}"')
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_arguments: object) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"


@contextmanager
def listening() -> Iterator[Store]:
    """The store, on a free port."""
    store = Store()
    thread = threading.Thread(target=store.server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield store
    finally:
        store.server.shutdown()
        store.server.server_close()
        thread.join()
