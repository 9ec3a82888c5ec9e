"""Does a server answer? Each probe is one short attempt over TCP on this machine."""

import asyncio

from ops.supervisor import Probe

PATIENCE = 2.0  # seconds for one attempt
AMQP_HELLO = b"AMQP\x00\x00\x09\x01"
POSTGRES_HELLO = b"\x00\x03\x00\x00user\x00probe\x00database\x00postgres\x00\x00"  # protocol 3.0


def http(port: int, path: str, *, status: int = 200) -> Probe:
    """Ready when GET *path* answers with *status*."""
    request = f"GET {path} HTTP/1.0\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode()

    async def probe() -> bool:
        answer = await _exchange(port, request, 12)
        return answer[9:12] == str(status).encode()

    return probe


def amqp(port: int) -> Probe:
    """Ready when the broker opens the AMQP handshake (AMQP 0-9-1, section 2.2.4)."""

    async def probe() -> bool:
        return (await _exchange(port, AMQP_HELLO, 1)) == b"\x01"  # a method frame: connection.start

    return probe


def postgres(port: int) -> Probe:
    """Ready when the server asks for a password; while it recovers it answers with an error instead."""
    hello = (len(POSTGRES_HELLO) + 4).to_bytes(4, "big") + POSTGRES_HELLO

    async def probe() -> bool:
        return (await _exchange(port, hello, 1)) == b"R"  # AuthenticationSASL

    return probe


def smtp(port: int) -> Probe:
    """Ready when the server greets with 220 (RFC 5321, section 4.3.1)."""

    async def probe() -> bool:
        return (await _exchange(port, b"", 3)) == b"220"

    return probe


def listening(port: int) -> Probe:
    """Ready when a connection is accepted."""

    async def probe() -> bool:
        try:
            async with asyncio.timeout(PATIENCE):
                _, writer = await asyncio.open_connection("127.0.0.1", port)
        except (OSError, TimeoutError):
            return False
        writer.close()
        return True

    return probe


def all_of(*probes: Probe) -> Probe:
    """Ready when every one is."""

    async def probe() -> bool:
        return all([await one() for one in probes])

    return probe


async def _exchange(port: int, hello: bytes, wanted: int) -> bytes:
    """Send *hello*, read *wanted* bytes; empty when nobody answers."""
    try:
        async with asyncio.timeout(PATIENCE):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                writer.write(hello)
                return await reader.readexactly(wanted)
            finally:
                writer.close()
    except (OSError, TimeoutError, asyncio.IncompleteReadError):
        return b""
