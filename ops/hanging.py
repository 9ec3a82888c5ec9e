"""A group of tests that hangs is ended, and tells where: the test that began last, and where every thread stood."""

import asyncio
import signal
import time
from asyncio.subprocess import Process
from collections.abc import Callable
from pathlib import Path

NOW_VARIABLE = "ESPACE_TEST_NOW"  # the file in which pytest keeps the name of the test that runs (tests/conftest.py)
STILL = 600.0  # seconds without another test beginning; the slowest test takes less than two minutes
LAST_WORDS = 10.0


async def wait(process: Process, now: Path, say: Callable[[str], None], still: float = STILL) -> int:
    """The exit code of *process*, a pytest; it is ended when no test begins for *still* seconds.

    By SIGABRT: pytest's faulthandler writes where each of its threads stands, which no exception would, thrown into
    whatever waits.
    """
    now.write_text("what comes before the first test", encoding="utf-8")
    while (quiet := time.time() - now.stat().st_mtime) < still:
        try:
            return await asyncio.wait_for(process.wait(), still - quiet)
        except TimeoutError:
            continue  # unless another test has begun meanwhile, the next look is the last
    say(f"No test has begun for {still:.0f} s, the tests hang and are ended in {now.read_text(encoding='utf-8')}")
    process.send_signal(signal.SIGABRT)
    try:
        return await asyncio.wait_for(process.wait(), LAST_WORDS)
    except TimeoutError:
        process.kill()
        return await process.wait()
