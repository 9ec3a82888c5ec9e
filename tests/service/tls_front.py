"""TLS before the tests' real servers: ends it with a certificate of the test's own, and passes the bytes on."""

import asyncio
import contextlib
import ssl
import threading
from dataclasses import dataclass
from pathlib import Path

import trustme

SSL_REQUEST = bytes.fromhex("0000000804d2162f")  # PostgreSQL's protocol, 55.2.10: the client asks for TLS in clear


@dataclass(frozen=True)
class Authority:
    """Signs certificates; *file* is what clients are told to believe."""

    ca: trustme.CA
    file: Path

    @classmethod
    def made(cls, folder: Path, name: str) -> "Authority":
        """A new one."""
        ca, file = trustme.CA(), folder / f"{name}.pem"
        ca.cert_pem.write_to_path(str(file))
        return cls(ca, file)

    def server_context(self, *names: str) -> ssl.SSLContext:
        """For a server that is called *names*."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.ca.issue_cert(*names).configure_cert(context)
        return context


class TlsFronts:
    """Listens on ports of its own until closed; each leads to one server."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._servers: list[asyncio.Server] = []
        self._thread.start()

    def before(self, host: str, port: int, context: ssl.SSLContext, *, asked_in_clear: bool = False) -> int:
        """The port that speaks TLS for *host*:*port*; *asked_in_clear* for PostgreSQL, where TLS begins by a request."""

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError):  # either side may break off
                if asked_in_clear:
                    if await reader.readexactly(len(SSL_REQUEST)) != SSL_REQUEST:
                        return  # no TLS asked for: none is spoken to
                    writer.write(b"S")
                    await writer.start_tls(context)
                behind_reader, behind_writer = await asyncio.open_connection(host, port)
                await asyncio.gather(_pass_on(reader, behind_writer), _pass_on(behind_reader, writer))
            writer.close()

        async def listen() -> int:
            tls = None if asked_in_clear else context
            server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
            self._servers.append(server)
            return server.sockets[0].getsockname()[1]

        return asyncio.run_coroutine_threadsafe(listen(), self._loop).result(10)

    def close(self) -> None:
        """Listen no more, and break what is open."""

        async def end() -> None:
            for server in self._servers:
                server.close()
            others = asyncio.all_tasks() - {asyncio.current_task()}
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)

        asyncio.run_coroutine_threadsafe(end(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while chunk := await reader.read(65_536):
            writer.write(chunk)
            await writer.drain()
    writer.close()
