"""Uploads through the gateway, streamed to a presigned PUT, beside boto3 straight to the store and beside a bare PUT.

The three take turns, file by file; the client, the store and the gateway are processes of this machine. Then one upload
of 1 GiB, during which the gateway's memory is watched.
"""

import http.client
import json
import os
import secrets
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from pydantic import SecretStr

from bench import private_store, results_file
from chassis.objectstore import ObjectStore
from chassis.settings import ObjectStoreSettings
from gateway.security import csrf_token
from ops.ports import choose
from ops.provision import Bucket, store_client

MIB = 1024**2
SIZES = ((1, 15), (20, 7), (200, 3))  # MiB, rounds
LARGE = 1024  # MiB
MEMORY_GOAL = 8.0  # MiB of growth
TOKEN = "a-session-token-of-the-measurement"  # noqa: S105  of a gateway whose sessions are canned


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


def settings_of(bucket: Bucket) -> dict[str, Any]:
    """The bucket as settings."""
    return {
        "s3_endpoint": bucket.endpoint,
        "s3_region": bucket.region,
        "s3_access_key": SecretStr(bucket.access_key),
        "s3_secret_key": SecretStr(bucket.secret_key),
        "s3_bucket": bucket.name,
    }


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


@contextmanager
def gateway(bucket: Bucket) -> Iterator[tuple[int, int]]:
    """Port and process id of a gateway."""
    port = choose(offset=5000)[0].portal
    plain = settings_of(bucket) | {"s3_access_key": bucket.access_key, "s3_secret_key": bucket.secret_key}
    environment = os.environ | {"BENCH_STORE": json.dumps(plain)}
    process = subprocess.Popen([sys.executable, "-m", "bench.files_gateway", str(port)], env=environment)
    try:
        _wait(port)
        yield port, process.pid
    finally:
        process.terminate()
        process.wait(30)


def _wait(port: int) -> None:
    deadline = time.monotonic() + 30
    while True:
        line = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
        try:
            line.request("GET", "/healthz")
            line.getresponse().read()
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        else:
            return
        finally:
            line.close()


def resident(pid: int, name: str) -> float:
    """MiB of a process: VmRSS now, VmHWM at its highest."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) / 1024
    raise ValueError(name)


def seconds(ways: dict[str, Callable[[Path], None]], file: Path, *, rounds: int) -> dict[str, float]:
    """Median seconds of each way; the first file of each does not count."""
    times: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(rounds + 1):
        for name, way in ways.items():
            began = time.perf_counter()
            way(file)
            if turn:
                times[name].append(time.perf_counter() - began)
    return {name: statistics.median(values) for name, values in times.items()}


def sized(folder: Path, mebibytes: int) -> Path:
    """A file of random bytes."""
    file = folder / f"{mebibytes}.bin"
    with file.open("wb") as target:
        for _ in range(mebibytes):
            target.write(os.urandom(MIB))
    return file


def speed(uploads: Uploads, folder: Path) -> list[dict[str, Any]]:
    """A line a size; MiB a second is in the text, seconds are compared."""
    lines = []
    ways = {"ours": uploads.by_gateway, "boto3": uploads.by_boto3, "bare": uploads.bare}
    for size, rounds in SIZES:
        found = seconds(ways, sized(folder, size), rounds=rounds)
        uploads.forget()
        rates = ", ".join(f"{name} {size / taken:.0f} MiB/s" for name, taken in found.items())
        lines.append(
            results_file.compared(
                f"upload_{size}_mib",
                f"{size} MiB through the gateway to the store ({rates})",
                unit="s",
                ours=round(found["ours"], 4),
                reference=round(found["boto3"], 4),
                reference_name="boto3 straight to the store",
                floor=round(found["bare"], 4),
                goal=0.95,
                rounds=rounds,
            )
        )
    return lines


def memory(uploads: Uploads, folder: Path, pid: int) -> dict[str, Any]:
    """How much the gateway grows by while 1 GiB passes through it."""
    before = resident(pid, "VmRSS")
    uploads.by_gateway(sized(folder, LARGE))
    grown = max(0.1, resident(pid, "VmHWM") - before)
    return results_file.compared(
        "upload_memory",
        f"growth of the gateway while {LARGE} MiB pass through it",
        unit="MiB",
        ours=round(grown, 1),
        reference=MEMORY_GOAL,
        reference_name="what it may grow by",
        goal=1.0,
        rounds=1,
    )


def main() -> None:
    """Measure, print and keep the results."""
    with (
        TemporaryDirectory() as name,
        private_store.running("uploads") as bucket,
        gateway(bucket) as (port, pid),
    ):
        uploads = Uploads(bucket, port)
        lines = speed(uploads, Path(name))
        lines.append(memory(uploads, Path(name), pid))
        uploads.forget()
    results_file.write("upload", lines)


if __name__ == "__main__":
    main()
