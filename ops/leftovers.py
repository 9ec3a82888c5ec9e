"""Processes that a killed supervisor left behind: found by a mark in their environment (standard library only).

The mark is inherited by every child and grandchild, so that what starts later or leaves its process group
(Erlang's port mapper, a browser) is found as well, and nothing else ever is.
"""

import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

MARK = "ESPACE_STACK_FOLDER"
PROC = Path("/proc")
SERVERS = frozenset({"postgres", "weed", "epmd", "beam.smp"})


@dataclass(frozen=True)
class Leftover:
    """A live process that carries the mark. `leads`: it was started by the supervisor itself, in a session of its own."""

    pid: int
    command: str
    leads: bool

    @property
    def is_server(self) -> bool:
        """Whether others may be talking to it while they stop."""
        return os.path.basename(self.command) in SERVERS


def mark(folder: Path) -> dict[str, str]:
    """The environment variable that every process of the stack in *folder* carries."""
    return {MARK: str(folder)}


def find(folder: Path) -> list[Leftover]:
    """The live processes of the stack in *folder* and of stacks inside it, this one excepted."""
    found = []
    for entry in PROC.iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid() and _carries(entry, folder):
            found.append(_described(entry))
    return found


def end(folder: Path, *, grace: float = 12.0) -> int:
    """End every process of the stack in *folder*; the number found. What outlives its share of *grace* is killed.

    Servers go after the others: a service that loses its broker while it stops would wait for it in vain. The children
    of a program go with it: Erlang would only start its own again.
    """
    found = len(find(folder))
    _end_those(folder, lambda process: process.leads and not process.is_server, grace=grace / 3)
    _end_those(folder, lambda process: process.leads, grace=grace * 2 / 3)
    _end_those(folder, lambda process: True, grace=0.5)
    return found


def _end_those(folder: Path, wanted: Callable[[Leftover], bool], *, grace: float) -> None:
    deadline = time.monotonic() + grace
    told: set[int] = set()
    while remaining := [process for process in find(folder) if wanted(process)]:
        patient = time.monotonic() < deadline
        for process in remaining:
            if not patient:
                _signal(process, folder, signal.SIGKILL)
            elif process.pid not in told:
                _signal(process, folder, _polite_signal(process))
                told.add(process.pid)
        time.sleep(0.1 if patient else 0.02)


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
    marks = [value for value in environment.split(b"\0") if value.startswith(f"{MARK}=".encode())]
    here = f"{MARK}={folder}".encode()
    return any(value == here or value.startswith(here + b"/") for value in marks)


def _described(entry: Path) -> Leftover:
    pid = int(entry.name)
    try:
        command = (entry / "cmdline").read_bytes().split(b"\0", 1)[0].decode(errors="replace")
        return Leftover(pid, command, leads=os.getsid(pid) == pid)
    except (FileNotFoundError, ProcessLookupError):
        return Leftover(pid, "", leads=False)  # it ended while we looked
