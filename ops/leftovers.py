"""Processes that a killed supervisor left behind: found by a mark in their environment (standard library only).

The mark is inherited by every child and grandchild, so that what starts later or leaves its process group
(Erlang's port mapper, a browser) is found as well, and nothing else ever is.
"""

import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

MARK = "ESPACE_STACK_FOLDER"
PROC = Path("/proc")


@dataclass(frozen=True)
class Leftover:
    """A live process that carries the mark."""

    pid: int
    command: str


def mark(folder: Path) -> dict[str, str]:
    """The environment variable that every process of the stack in *folder* carries."""
    return {MARK: str(folder)}


def find(folder: Path) -> list[Leftover]:
    """The live processes of the stack in *folder*, this one excepted."""
    found = []
    for entry in PROC.iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid() and _carries(entry, folder):
            found.append(Leftover(int(entry.name), _command(entry)))
    return found


def end(folder: Path, *, grace: float = 8.0) -> int:
    """End every process of the stack in *folder*; the number found. What outlives *grace* seconds is killed."""
    first = find(folder)
    for process in first:
        _signal(process, folder, _polite_signal(process))
    deadline = time.monotonic() + grace
    while (remaining := find(folder)) and time.monotonic() < deadline:
        time.sleep(0.1)
    while remaining:
        for process in remaining:
            _signal(process, folder, signal.SIGKILL)
        time.sleep(0.05)
        remaining = find(folder)
    return len(first)


def _polite_signal(process: Leftover) -> signal.Signals:
    # SIGTERM would make PostgreSQL wait for its clients to leave.
    return signal.SIGINT if os.path.basename(process.command) == "postgres" else signal.SIGTERM


def _signal(process: Leftover, folder: Path, number: signal.Signals) -> None:
    try:
        handle = os.pidfd_open(process.pid)
    except ProcessLookupError:
        return
    try:
        # Checked once more behind the handle: the number may have gone to another process in between.
        if _carries(PROC / str(process.pid), folder):
            signal.pidfd_send_signal(handle, number)
    except ProcessLookupError:
        return
    finally:
        os.close(handle)


def _carries(entry: Path, folder: Path) -> bool:
    try:
        environment = (entry / "environ").read_bytes()
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return False  # gone meanwhile, or another user's
    return f"{MARK}={folder}".encode() in environment.split(b"\0")


def _command(entry: Path) -> str:
    try:
        return (entry / "cmdline").read_bytes().split(b"\0", 1)[0].decode(errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return ""
