"""One process at a time on a folder, and who it is (standard library only)."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class HeldElsewhere(Exception):
    """Another process holds the lock; `pid` names it (0 when it has not written its name yet)."""

    def __init__(self, path: Path, pid: int) -> None:
        super().__init__(f"{path} is held by process {pid}")
        self.pid = pid


@contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Hold *path* as long as the block runs; the kernel lets go when the process dies. HeldElsewhere if taken."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        if not _taken(descriptor):
            raise HeldElsewhere(path, _pid_in(descriptor))
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        yield
    finally:
        os.close(descriptor)


def holder(path: Path) -> int | None:
    """The process that holds *path*, 0 when it has not written its number yet, None when nobody does."""
    if not path.exists():
        return None
    descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return _pid_in(descriptor)
    finally:
        os.close(descriptor)
    return None


def _taken(descriptor: int) -> bool:
    # A few tries: `holder` of another process takes the lock for an instant to look.
    for _ in range(4):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(0.05)
        else:
            return True
    return False


def _pid_in(descriptor: int) -> int:
    text = os.pread(descriptor, 20, 0).decode()
    return int(text) if text.isdigit() else 0
