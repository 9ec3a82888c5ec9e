"""Uploads through the gateway, streamed to a presigned PUT, beside boto3 straight to the store and beside a bare PUT.

The three take turns, file by file; the client, the store and the gateway are processes of this machine. Then one upload
of 1 GiB, during which the gateway's memory is watched.
"""

import http.client
import secrets
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from bench import private_store, results_file
from bench.through_gateway import LARGE, SIZES, TOKEN, Passage, gateway, memory_line, settings_of, sized, speed_line
from chassis.objectstore import ObjectStore
from chassis.settings import ObjectStoreSettings
from gateway.security import csrf_token
from ops.provision import Bucket, store_client

UPLOAD = Passage(
    "upload",
    through="through the gateway to the store",
    straight="boto3 straight to the store",
    large="pass through it",
)


class Uploads:
    """The three ways, each with an object of its own every time."""

    def __init__(self, bucket: Bucket, port: int) -> None:
        self._port = port
        self._bucket = bucket
        self._client = store_client(bucket)
        self._store = ObjectStore(ObjectStoreSettings(**settings_of(bucket)))

    def by_gateway(self, file: Path) -> None:
        """The browser's way."""
        size = file.stat().st_size
        deposit_id = UUID(int=(secrets.randbits(96) << 32) | size)
        headers = {"Cookie": f"session={TOKEN}", "X-CSRF-Token": csrf_token(TOKEN)}
        path = f"/documents/depots/{deposit_id}/contenu"
        _put("127.0.0.1", self._port, path, file, headers, 201)

    def bare(self, file: Path) -> None:
        """The floor: one PUT to a presigned address by the standard library."""
        size = file.stat().st_size
        url, headers = self._store.presigned_put(
            f"bare/{secrets.token_hex(8)}", size=size, media_type="application/pdf"
        )
        parts = urlsplit(url)
        _put(parts.hostname or "", parts.port or 80, f"{parts.path}?{parts.query}", file, headers, 200)

    def by_boto3(self, file: Path) -> None:
        """The reference."""
        with file.open("rb") as body:
            self._client.put_object(Bucket=self._bucket.name, Key=f"boto3/{secrets.token_hex(8)}", Body=body)

    def forget(self) -> None:
        """Give the disk back."""
        for key in list(self._store.keys()):
            self._store.delete(key)


def _put(host: str, port: int, path: str, file: Path, headers: dict[str, str], status: int) -> None:
    line = http.client.HTTPConnection(host, port, timeout=300, blocksize=256 * 1024)
    try:
        with file.open("rb") as body:
            line.request("PUT", path, body=body, headers={"Content-Length": str(file.stat().st_size), **headers})
            answer = line.getresponse()
            answer.read()
        assert answer.status == status, answer.status
    finally:
        line.close()


def speed(uploads: Uploads, folder: Path) -> list[dict[str, Any]]:
    """A line a size."""
    lines = []
    ways = {"ours": uploads.by_gateway, "boto3": uploads.by_boto3, "bare": uploads.bare}
    for size, rounds in SIZES:
        lines.append(speed_line(UPLOAD, ways, sized(folder, size), rounds=rounds))
        uploads.forget()
    return lines


def main() -> None:
    """Measure, print and keep the results."""
    with (
        TemporaryDirectory() as name,
        private_store.running("uploads") as bucket,
        gateway(bucket) as (port, pid),
    ):
        uploads = Uploads(bucket, port)
        lines = speed(uploads, Path(name))
        lines.append(memory_line(UPLOAD, uploads.by_gateway, sized(Path(name), LARGE), pid))
        uploads.forget()
    results_file.write("upload", lines)


if __name__ == "__main__":
    main()
