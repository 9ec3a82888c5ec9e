"""`make chaos-files`: uploads while documents, gateway and store are killed, and while the store is away or full.

Every promise is one line of the result, as in `make chaos-bus`. The full disk is a file system in memory: as root only.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench.chaos_bus import NICENESS, Bounds, judged
from bench.results_file import FOLDER
from tests.chaos import uploads, verdicts
from tests.chaos.employer import Employer, logged_in
from tests.chaos.world import FOLDER as PORTAL
from tests.chaos.world import World, running

VICTIMS = ("documents", "gateway", "objectstore", "documents", "gateway") * 10  # 50 kills
SECONDS = 150.0
LARGEST = 2 * 1024**2  # bytes of an upload
ROOM = 64 * 1024**2  # bytes of the file system that fills up, beside what it holds at first
LOOKS_AGAIN = 180.0  # seconds within which the store notices that its disk has room
# By default the size of the disk decides: on the small one the store would take its own files for too large.
AS_BEFORE = "-master.volumeSizeLimitMB=1024"
LEFT = 1024**2  # bytes of it that are left
WHOLE: Bounds = dict.fromkeys(
    (
        "lost",
        "unreadable",
        "orphans",
        "rows_without_object",
        "unfinished",
        "odd_statuses",
        "503_without_retry_after",
        "not_working_again",
    ),
    0,
)


def full(world: World, employer: Employer, *, seed: int) -> dict[str, Any]:
    """The store's disk has 1 MB left, then none, then room again."""
    data = PORTAL.path / "objectstore" / "data"
    with world.set_up_otherwise("objectstore", AS_BEFORE), _small_disk(world, data) as filler:
        with uploads.Uploaders(world, employer, seed=seed, largest=200_000) as uploaders:
            time.sleep(20)
        refused = uploaders.ledger.statuses[503]
        figures = uploads.told(uploaders.ledger)
        filler.unlink()
        with uploads.Uploaders(world, employer, seed=seed + 1, largest=200_000) as again:
            verdicts.until(lambda: bool(again.ledger.stored), within=LOOKS_AGAIN)
        uploaders.ledger.stored.update(again.ledger.stored)
        figures |= uploads.found(world, employer, uploaders.ledger)
    return figures | {"refused_while_full": refused, "accepted_with_room": len(again.ledger.stored)}


@contextmanager
def _small_disk(world: World, data: Path) -> Iterator[Path]:
    """The store's files on a file system of its own, all but 1 MB of it taken by the file that is handed over."""
    world.stop("objectstore")
    aside = data.with_name("aside")
    data.rename(aside)
    data.mkdir()
    size = sum(each.stat().st_size for each in aside.rglob("*") if each.is_file()) + ROOM
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(data)], check=True)
    try:
        subprocess.run(["cp", "-a", f"{aside}/.", str(data)], check=True)
        world.bring_back("objectstore")
        filler = data / "filler"
        disk = os.statvfs(data)
        with filler.open("wb") as taken:
            os.posix_fallocate(taken.fileno(), 0, disk.f_bavail * disk.f_bsize - LEFT)
        yield filler
    finally:
        world.stop("objectstore")
        subprocess.run(["umount", str(data)], check=True)
        data.rmdir()
        aside.rename(data)


def measure(world: World) -> list[dict[str, Any]]:
    """All faults, one after the other."""
    seed, employer = int(os.environ.get("CHAOS_SEED", "8")), logged_in(world)
    lines = []
    figures = uploads.under_kills(world, employer, victims=VICTIMS, seconds=SECONDS, seed=seed, largest=LARGEST)
    figures["not_working_again"] = int(not figures["works_again"])
    lines.append(judged(f"uploads under {len(VICTIMS)} kills", figures, WHOLE))
    away = {name: bound for name, bound in WHOLE.items() if name != "not_working_again"}
    for how, seconds in (("stopped", 20.0), ("frozen", 40.0)):
        figures = uploads.store_away(world, employer, how, seconds=seconds, seed=seed)
        lines.append(judged(f"store {how} {seconds:.0f} s", figures, away | {"longest_s": uploads.LONGEST_ANSWER}))
    if os.geteuid() == 0:
        figures = full(world, employer, seed=seed)
        figures["never_refused"] = int(not figures["refused_while_full"])
        figures["not_working_again"] = int(not figures["accepted_with_room"])
        lines.append(judged("store full", figures, WHOLE | {"never_refused": 0}))
    return lines


def main() -> int:
    """Measure, print, keep; 1 when a promise was broken."""
    os.nice(NICENESS)
    began = time.monotonic()
    with running() as world:
        lines = measure(world)
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / "chaos-files.json").write_text(json.dumps(lines, indent=2) + "\n", encoding="utf-8")
    kept = sum(line["kept"] for line in lines)
    print(f"{kept} of {len(lines)} promises kept, in {time.monotonic() - began:.0f} s; bench/results/chaos-files.json")
    return 0 if kept == len(lines) else 1


if __name__ == "__main__":
    sys.exit(main())
