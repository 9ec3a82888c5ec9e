"""Speaks to a ClamAV daemon: a file goes in as a stream, its verdict comes out (clamd's INSTREAM)."""

import re
import socket
import struct
from collections.abc import Iterable

ANSWER_BYTES = 4096
FOUND = re.compile(r"^stream: (.{1,200}) FOUND$")


class ScannerDown(Exception):
    """The daemon cannot be reached, breaks off, or says that it cannot tell."""


class Clamd:
    """A daemon at `host:port`, or at `unix:/path/of/its/socket`."""

    def __init__(self, address: str, *, seconds: float = 120) -> None:
        self._address = address
        self._seconds = seconds

    def signature_in(self, chunks: Iterable[bytes]) -> str | None:
        """Name of the first signature that the file matches; None when it is clean. Raises ScannerDown."""
        try:
            with self._connected() as line:
                answer = _ask(line, chunks)
        except OSError as exc:
            raise ScannerDown(type(exc).__name__) from exc
        if answer == "stream: OK":
            return None
        if found := FOUND.match(answer):
            return found.group(1)
        raise ScannerDown(answer[:200] or "no answer")

    def _connected(self) -> socket.socket:
        if self._address.startswith("unix:"):
            line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            line.settimeout(self._seconds)
            try:
                line.connect(self._address.removeprefix("unix:"))
            except OSError:
                line.close()
                raise
            return line
        host, _, port = self._address.rpartition(":")
        return socket.create_connection((host, int(port)), timeout=self._seconds)


def _ask(line: socket.socket, chunks: Iterable[bytes]) -> str:
    line.sendall(b"zINSTREAM\0")
    for chunk in chunks:
        line.sendall(struct.pack(">I", len(chunk)) + chunk)
    line.sendall(struct.pack(">I", 0))
    answer = b""
    while not answer.endswith(b"\0") and len(answer) < ANSWER_BYTES:
        part = line.recv(ANSWER_BYTES)
        if not part:
            break
        answer += part
    return answer.rstrip(b"\0").decode("utf-8", "replace").strip()
