"""Bytes between browser and object store: a hash, a PUT, a GET; never on the bus, never whole in memory (K21, K27)."""

import asyncio
import hashlib
import re
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from tempfile import SpooledTemporaryFile
from types import MappingProxyType
from typing import IO, Any
from urllib.parse import quote

import aiohttp
import structlog
from starlette.requests import ClientDisconnect
from starlette.responses import Response, StreamingResponse

from chassis.tls import context

log = structlog.get_logger()

CHUNK = 256 * 1024  # bytes
PATIENCE = aiohttp.ClientTimeout(total=None, connect=5, sock_connect=5, sock_read=30)
PASSED_ON = ("content-length", "content-range", "accept-ranges", "etag", "last-modified")
ONE_RANGE = re.compile(r"bytes=(?:[0-9]+-[0-9]*|-[0-9]+)")
File = IO[bytes] | SpooledTemporaryFile[bytes]


class FilesUnavailable(Exception):
    """The object store does not answer, or not as it should."""


def _sha256(file: File) -> tuple[str, int]:
    digest, size = hashlib.sha256(), 0
    file.seek(0)
    while chunk := file.read(CHUNK):
        digest.update(chunk)
        size += len(chunk)
    return digest.hexdigest(), size


async def measure(file: File) -> tuple[str, int]:
    """SHA-256 (hex) and size in bytes, worked out beside the loop."""
    return await asyncio.to_thread(_sha256, file)


async def chunks(file: File) -> AsyncIterator[bytes]:
    """A file's bytes from its beginning, read beside the loop."""
    await asyncio.to_thread(file.seek, 0)
    while chunk := await asyncio.to_thread(file.read, CHUNK):
        yield chunk


class UploadCut(Exception):
    """The browser went away in mid-upload, or sent another number of bytes than it had announced."""


class _Source:
    """Bytes on their way from a browser; *cut* says whether it was the browser that failed, not the store."""

    def __init__(self, body: AsyncIterator[bytes], size: int) -> None:
        self._body = body
        self._left = size
        self.cut = False

    async def chunks(self) -> AsyncIterator[bytes]:
        """The bytes, as many as announced. Raises UploadCut."""
        try:
            async for chunk in self._body:
                self._left -= len(chunk)
                if self._left < 0:
                    break
                if chunk:
                    yield chunk
        except ClientDisconnect as exc:
            self.cut = True
            raise UploadCut("the browser went away") from exc
        if self._left:
            self.cut = True
            raise UploadCut("another number of bytes than announced")


class Files:
    """Carries bytes to and from addresses that the services have signed."""

    def __init__(self, ca_file: Path | None = None) -> None:
        """*ca_file*: authorities that the store's certificate is checked against, instead of the system's."""
        self._tls = context(ca_file)
        self._client: aiohttp.ClientSession | None = None

    async def start(self) -> None:
        """Open the pool of connections."""
        connector = aiohttp.TCPConnector(ssl=self._tls)
        self._client = aiohttp.ClientSession(connector=connector, timeout=PATIENCE, auto_decompress=False)

    async def close(self) -> None:
        """Close it."""
        if self._client:
            await self._client.close()

    @property
    def client(self) -> aiohttp.ClientSession:
        """The open pool."""
        if self._client is None:
            raise FilesUnavailable("not started")
        return self._client

    async def put(self, url: str, headers: Mapping[str, str], body: AsyncIterator[bytes]) -> None:
        """Send *body* as it comes, with exactly the signed *headers*. Raises FilesUnavailable, UploadCut.

        A 412 says that the bytes are there already: this deposit was sent before, and the service checks them.
        """
        source = _Source(body, int(headers.get("Content-Length", headers.get("content-length", -1))))
        try:
            async with self.client.put(
                url, data=source.chunks(), headers=dict(headers), skip_auto_headers=("Content-Type",)
            ) as answer:
                if answer.status not in (200, 201, 204, 412):
                    log.error("store_refused_upload", status=answer.status)
                    raise FilesUnavailable(f"PUT answered {answer.status}")
        except (aiohttp.ClientError, ClientDisconnect, TimeoutError, UploadCut) as exc:
            if source.cut:
                raise UploadCut from exc
            raise FilesUnavailable("PUT failed") from exc

    async def get(
        self, url: str, *, name: str, media_type: str, asked: Mapping[str, str] = MappingProxyType({})
    ) -> Response:
        """The file behind *url* as a download, or the part that the browser's headers *asked* want (RFC 9110, 14.2).

        Raises FilesUnavailable.
        """
        wanted = _range_of(asked)
        answer = await self._fetch(url, {"Range": wanted} if wanted else {})
        if wanted and not _still_the_same(asked.get("if-range"), answer.headers):
            answer.release()
            answer = await self._fetch(url, {})
        kept = {header: answer.headers[header] for header in PASSED_ON if header in answer.headers}
        return StreamingResponse(
            _body(answer), status_code=answer.status, headers=kept | download_headers(name), media_type=media_type
        )

    async def _fetch(self, url: str, headers: dict[str, str]) -> aiohttp.ClientResponse:
        try:
            answer = await self.client.get(url, headers=headers)
        except (aiohttp.ClientError, TimeoutError) as exc:
            raise FilesUnavailable("GET failed") from exc
        if answer.status not in (200, 206, 416):
            answer.release()
            log.error("store_refused_download", status=answer.status)
            raise FilesUnavailable(f"GET answered {answer.status}")
        return answer


def _range_of(asked: Mapping[str, str]) -> str | None:
    """One range of bytes to pass on; of several, a store makes a body of another type, so that the whole is sent."""
    wanted = asked.get("range", "")
    return wanted if ONE_RANGE.fullmatch(wanted) else None


def _still_the_same(if_range: str | None, found: Mapping[str, str]) -> bool:
    """Whether a part of the file found continues the one that the browser has begun with (RFC 9110, 13.1.5)."""
    if if_range is None:
        return True
    return not if_range.startswith("W/") and if_range in (found.get("ETag"), found.get("Last-Modified"))


async def _body(answer: Any) -> AsyncIterator[bytes]:
    try:
        async for chunk in answer.content.iter_chunked(CHUNK):
            yield chunk
    finally:
        answer.release()


def download_headers(name: str) -> dict[str, str]:
    """Headers under which a stranger's file can do no harm (K26); the name as RFC 6266 has it."""
    plain = "".join(letter if letter.isascii() and (letter.isalnum() or letter in "._- ") else "_" for letter in name)
    disposition = f"attachment; filename=\"{plain.strip() or 'document'}\"; filename*=UTF-8''{quote(name, safe='')}"
    return {"Content-Disposition": disposition, "Content-Security-Policy": "sandbox; default-src 'none'"}
