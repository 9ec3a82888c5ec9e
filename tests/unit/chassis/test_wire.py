"""The consuming connection: whole reads, one write a turn of the hub, and never a frame lost or out of order."""

import socket
from typing import Any

import eventlet
import pytest
from amqp.exceptions import UnexpectedFrame

from chassis.bus.wire import PlainTransport

METHOD = b"\x01\x00\x01\x00\x00\x00\x05hello\xce"
OTHER = b"\x08\x00\x00\x00\x00\x00\x00\xce"


class Line:
    """A socket that keeps what is sent and hands out what is to be read, piece by piece."""

    def __init__(self, *pieces: bytes) -> None:
        self.pieces = list(pieces)
        self.sent: list[bytes] = []
        self.broken = self.ended = False

    def sendall(self, data: bytes) -> None:
        if self.broken:
            raise BrokenPipeError
        self.sent.append(data)

    def recv(self, size: int) -> bytes:
        assert size >= len(self.pieces[0])
        return self.pieces.pop(0)

    def shutdown(self, how: int) -> None:
        assert how == socket.SHUT_RDWR
        self.ended = True

    def close(self) -> None:
        """Nothing is open."""

    def settimeout(self, seconds: Any) -> None:
        """Never waits."""


def transport(*pieces: bytes) -> PlainTransport:
    made = PlainTransport("nowhere")
    made.sock = Line(*pieces)
    made._setup_transport()
    made.connected = True
    return made


@pytest.fixture
def line() -> PlainTransport:
    return transport()


def test_writes_of_one_turn_leave_together_and_in_order(line: PlainTransport) -> None:
    buffer = bytearray(b"reply 1.")
    for number in b"123":
        buffer[6] = number
        line.write(memoryview(buffer))  # py-amqp's buffer, which the next frame overwrites
    assert line.sock.sent == []
    eventlet.sleep(0)
    assert line.sock.sent == [b"reply 1.reply 2.reply 3."]
    line.write(b"later")
    eventlet.sleep(0)
    assert line.sock.sent[1:] == [b"later"]


def test_write_that_fails_breaks_the_connection_for_its_reader(line: PlainTransport) -> None:
    line.sock.broken = True
    line.write(b"reply")
    eventlet.sleep(0)
    assert line.sock.ended
    assert not line.connected


def test_frames_are_read_as_they_arrived_whatever_the_pieces() -> None:
    stream = METHOD + OTHER + METHOD
    for cut in range(1, len(stream)):
        read = transport(stream[:cut], stream[cut:])
        frames = [read.buffered_frame() or read.read_frame() for _ in range(3)]
        assert frames == [(1, 1, b"hello"), (8, 0, b""), (1, 1, b"hello")], cut


def test_frame_without_its_end_is_refused() -> None:
    read = transport(METHOD[:-1] + b"\x00" + OTHER)
    assert read.buffered_frame() is None
    with pytest.raises(UnexpectedFrame):
        read.read_frame()
    assert read.buffered_frame() == (8, 0, b"")
