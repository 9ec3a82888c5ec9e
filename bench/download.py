"""Downloads through the gateway, beside boto3 straight from the store and beside a bare GET of a presigned address.

The three take turns, file by file, and each reads to the end in pieces of the same size. Then one download of 1 GiB,
during which the gateway's memory is watched.
"""

import hashlib
import http.client
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from bench import private_store, results_file
from bench.files_gateway import MEDIA_TYPE, key_of
from bench.through_gateway import LARGE, SIZES, TOKEN, Passage, gateway, memory_line, settings_of, sized, speed_line
from chassis.objectstore import ObjectStore
from chassis.settings import ObjectStoreSettings
from ops.provision import Bucket, store_client

PIECE = 256 * 1024  # bytes
DOWNLOAD = Passage(
    "download",
    through="from the store through the gateway",
    straight="boto3 straight from the store",
    large="pass through it to a browser",
)


class Downloads:
    """The three ways to the same object; a file on disk says by its size which one is meant."""

    def __init__(self, bucket: Bucket, port: int) -> None:
        self._port = port
        self._bucket = bucket
        self._client = store_client(bucket)
        self._store = ObjectStore(ObjectStoreSettings(**settings_of(bucket)))

    def keep(self, file: Path) -> None:
        """Put *file* where all three find it."""
        self._client.upload_file(str(file), self._bucket.name, key_of(_id_of(file)))

    def by_gateway(self, file: Path) -> None:
        """The browser's way."""
        _drain(self._through_gateway(file), file)

    def bare(self, file: Path) -> None:
        """The floor: one GET of a presigned address by the standard library."""
        url = self._store.presigned_get(key_of(_id_of(file)), file_name="fichier.pdf", media_type=MEDIA_TYPE)
        parts = urlsplit(url)
        _drain(_get(parts.hostname or "", parts.port or 80, f"{parts.path}?{parts.query}", {}), file)

    def by_boto3(self, file: Path) -> None:
        """The reference."""
        body = self._client.get_object(Bucket=self._bucket.name, Key=key_of(_id_of(file)))["Body"]
        _drain(body.iter_chunks(PIECE), file)

    def check(self, file: Path) -> None:
        """What comes through the gateway is the file, byte for byte."""
        digest = hashlib.sha256()
        for piece in self._through_gateway(file):
            digest.update(piece)
        with file.open("rb") as kept:
            assert digest.hexdigest() == hashlib.file_digest(kept, "sha256").hexdigest()

    def _through_gateway(self, file: Path) -> Iterator[bytes]:
        path = f"/documents/{_id_of(file)}/contenu"
        return _get("127.0.0.1", self._port, path, {"Cookie": f"session={TOKEN}"})


def _id_of(file: Path) -> UUID:
    return UUID(int=(1 << 96) | file.stat().st_size)


def _get(host: str, port: int, path: str, headers: dict[str, str]) -> Iterator[bytes]:
    line = http.client.HTTPConnection(host, port, timeout=300, blocksize=PIECE)
    try:
        line.request("GET", path, headers=headers)
        answer = line.getresponse()
        assert answer.status == 200, answer.status
        yield from iter(partial(answer.read, PIECE), b"")
    finally:
        line.close()


def _drain(pieces: Iterator[bytes], file: Path) -> None:
    assert sum(map(len, pieces)) == file.stat().st_size


def speed(downloads: Downloads, folder: Path) -> list[dict[str, Any]]:
    """A line a size."""
    lines = []
    ways = {"ours": downloads.by_gateway, "boto3": downloads.by_boto3, "bare": downloads.bare}
    for size, rounds in SIZES:
        file = sized(folder, size)
        downloads.keep(file)
        downloads.check(file)
        lines.append(speed_line(DOWNLOAD, ways, file, rounds=rounds))
    return lines


def main() -> None:
    """Measure, print and keep the results."""
    with (
        TemporaryDirectory() as name,
        private_store.running("downloads") as bucket,
        gateway(bucket) as (port, pid),
    ):
        downloads = Downloads(bucket, port)
        lines = speed(downloads, Path(name))
        large = sized(Path(name), LARGE)
        downloads.keep(large)
        lines.append(memory_line(DOWNLOAD, downloads.by_gateway, large, pid))
    results_file.write("download", lines)


if __name__ == "__main__":
    main()
