"""What `bench.upload` and `bench.download` share: the gateway's process, files to pass through it, lines of results."""

import http.client
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from bench import results_file
from ops.ports import choose
from ops.provision import Bucket

MIB = 1024**2
SIZES = ((1, 15), (20, 7), (200, 3))  # MiB, rounds
LARGE = 1024  # MiB
MEMORY_GOAL = 8.0  # MiB of growth
TOKEN = "a-session-token-of-the-measurement"  # noqa: S105  of a gateway whose sessions are canned


@dataclass(frozen=True)
class Passage:
    """Which way files go, in the words of the results."""

    name: str
    through: str
    straight: str
    large: str


def speed_line(passage: Passage, ways: dict[str, Callable[[Path], None]], file: Path, *, rounds: int) -> dict[str, Any]:
    """The three ways beside one another; MiB a second is in the text, seconds are compared."""
    size = file.stat().st_size // MIB
    found = _seconds(ways, file, rounds=rounds)
    rates = ", ".join(f"{name} {size / taken:.0f} MiB/s" for name, taken in found.items())
    return results_file.compared(
        f"{passage.name}_{size}_mib",
        f"{size} MiB {passage.through} ({rates})",
        unit="s",
        ours=round(found["ours"], 4),
        reference=round(found["boto3"], 4),
        reference_name=passage.straight,
        floor=round(found["bare"], 4),
        goal=0.95,
        rounds=rounds,
    )


def memory_line(passage: Passage, by_gateway: Callable[[Path], None], file: Path, pid: int) -> dict[str, Any]:
    """How much the gateway's process grows by while a large *file* passes through it."""
    before = _resident(pid, "VmRSS")
    by_gateway(file)
    grown = max(0.1, _resident(pid, "VmHWM") - before)
    return results_file.compared(
        f"{passage.name}_memory",
        f"growth of the gateway while {LARGE} MiB {passage.large}",
        unit="MiB",
        ours=round(grown, 1),
        reference=MEMORY_GOAL,
        reference_name="what it may grow by",
        goal=1.0,
        rounds=1,
    )


def settings_of(bucket: Bucket) -> dict[str, Any]:
    """The bucket as settings."""
    return {
        "s3_endpoint": bucket.endpoint,
        "s3_region": bucket.region,
        "s3_access_key": SecretStr(bucket.access_key),
        "s3_secret_key": SecretStr(bucket.secret_key),
        "s3_bucket": bucket.name,
    }


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


def _resident(pid: int, name: str) -> float:
    """MiB of a process: VmRSS now, VmHWM at its highest."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) / 1024
    raise ValueError(name)


def sized(folder: Path, mebibytes: int) -> Path:
    """A file of random bytes."""
    file = folder / f"{mebibytes}.bin"
    with file.open("wb") as target:
        for _ in range(mebibytes):
            target.write(os.urandom(MIB))
    return file


def _seconds(ways: dict[str, Callable[[Path], None]], file: Path, *, rounds: int) -> dict[str, float]:
    """Median seconds of each way; the first file of each does not count."""
    times: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(rounds + 1):
        for name, way in ways.items():
            began = time.perf_counter()
            way(file)
            if turn:
                times[name].append(time.perf_counter() - began)
    return {name: statistics.median(values) for name, values in times.items()}
