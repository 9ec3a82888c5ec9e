"""The connection a process consumes on, with few system calls: py-amqp reads a frame in three, and writes one a method.

What has arrived is read as a whole. What the workers write in one turn of the hub, their replies and acknowledgements,
leaves as one write in the order of their writing. A write that fails breaks the connection: what was not acknowledged
comes again, as after any other break.
"""

import contextlib
import socket
from collections.abc import Callable
from struct import Struct
from typing import Any

import eventlet
import structlog
from amqp import spec
from amqp.transport import SSLTransport, TCPTransport
from kombu.transport import pyamqp

log = structlog.get_logger()

CHUNK = 65_536  # bytes that are read at a time
FRAME_HEADER, FRAME_END = Struct(">BHI"), 0xCE  # AMQP 0-9-1, 4.2.3: type, channel, size; the octet after the payload


class Gathering:
    """Mixed into a transport of py-amqp, whose `_read` keeps what is more than one frame."""

    sock: Any
    connected: bool
    _read_buffer: bytes
    _quick_recv: Callable[[int], bytes]
    _write: Callable[[bytes], Any]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._gathered: list[bytes] = []
        self._leaving = False
        super().__init__(*args, **kwargs)

    def _setup_transport(self) -> None:
        super()._setup_transport()  # type: ignore[misc]  # of the transport that this is mixed into
        receive = self._quick_recv
        self._quick_recv = lambda _wanted: receive(CHUNK)

    def buffered_frame(self) -> tuple[int, int, bytes] | None:
        """Type, channel and payload of the next frame if all of it has been read already."""
        buffered = self._read_buffer
        if len(buffered) < FRAME_HEADER.size:
            return None
        kind, channel, size = FRAME_HEADER.unpack_from(buffered)
        end = FRAME_HEADER.size + size
        if len(buffered) <= end or buffered[end] != FRAME_END:  # py-amqp tells what is wrong with it
            return None
        self._read_buffer = buffered[end + 1 :]
        return kind, channel, buffered[FRAME_HEADER.size : end]

    def write(self, frames: Any) -> None:
        """Leaves at the hub's next turn. *frames* lie in a buffer that the next ones overwrite."""
        self._gathered.append(bytes(frames))
        if not self._leaving:
            self._leaving = True
            eventlet.spawn_n(self._leave)

    def _leave(self) -> None:
        try:
            while self._gathered:
                together = b"".join(self._gathered)
                self._gathered.clear()
                self._write(together)
        except (OSError, AttributeError) as exc:  # without a socket, once the connection is collected
            log.warning("writes_lost", reason=type(exc).__name__)
            self._break()
        finally:
            self._leaving = False

    def _break(self) -> None:
        """Whoever reads learns of it now."""
        self.connected = False
        self._gathered.clear()
        with contextlib.suppress(OSError, AttributeError):
            self.sock.shutdown(socket.SHUT_RDWR)


class PlainTransport(Gathering, TCPTransport):
    """Without TLS."""


class SecureTransport(Gathering, SSLTransport):
    """Over TLS."""


class ReplyingChannel(pyamqp.Channel):
    """Publishes without reading: py-amqp first looks for a word from the broker, and takes it from whoever consumes."""

    def basic_publish(self, message: Any, exchange: str, routing_key: str) -> None:
        """Unconfirmed. Raises RecoverableConnectionError once the connection is gone."""
        self.send_method(spec.Basic.Publish, "Bssbb", (0, exchange, routing_key, False, False), message)


class GatheringConnection(pyamqp.Connection):
    """py-amqp's connection over one of the two."""

    Channel = ReplyingChannel

    def blocking_read(self, timeout: float | None = None) -> Any:
        """One frame; the socket and its time limit are only touched when none is at hand."""
        frame = self.transport.buffered_frame()
        return super().blocking_read(timeout) if frame is None else self.on_inbound_frame(frame)

    def Transport(self, host: str, *arguments: Any, **options: Any) -> Any:
        """Called by `connect`, with py-amqp's own arguments by their places."""
        connect_timeout, ssl, read_timeout, write_timeout = arguments
        limits = {"connect_timeout": connect_timeout, "read_timeout": read_timeout, "write_timeout": write_timeout}
        return (SecureTransport if ssl else PlainTransport)(host, ssl=ssl, **limits, **options)


class ConsumingTransport(pyamqp.Transport):
    """For `kombu.Connection(transport=ConsumingTransport)`."""

    Connection = GatheringConnection
