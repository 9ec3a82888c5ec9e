"""End a run from elsewhere, and delete its data on request (standard library only: works before any set-up).

`python -m ops.stop`, `python -m ops.stop --reset`.
"""

import argparse
import os
import shutil
import signal
import sys
import time
from pathlib import Path

from ops import folders, leftovers, locks

PATIENCE = 12.5  # seconds for an orderly end; what is left then is killed, so that all is over within 15


def stop(stack: folders.StackFolder, *, setup_lock: Path | None = None, patience: float = PATIENCE) -> bool:
    """End the run of *stack* and what a killed one left; True when there was anything to end."""
    deadline = time.monotonic() + patience
    ended = [_end_holder(lock, deadline) for lock in (setup_lock, stack.lock) if lock is not None]
    swept = leftovers.end(stack.path, grace=max(1.0, deadline - time.monotonic()))
    stack.stack_file.unlink(missing_ok=True)
    return any(ended) or swept > 0


def reset(stack: folders.StackFolder) -> None:
    """Delete the data, the secrets and the logs of *stack* and of those inside, which must have been stopped."""
    inner = [entry.name for entry in stack.path.iterdir()] if stack.path.is_dir() else []
    for path in (stack.path, stack.outside, *(stack.inside(name).outside for name in inner)):
        if path.exists():
            shutil.rmtree(path)


def _end_holder(lock: Path, deadline: float) -> bool:
    pid = locks.holder(lock)
    if pid is None:
        return False
    _send(pid, signal.SIGTERM)
    while locks.holder(lock) is not None:
        if time.monotonic() > deadline:
            _send(locks.holder(lock), signal.SIGKILL)
            deadline += 1.0
        time.sleep(0.05)
    return True


def _send(pid: int | None, number: signal.Signals) -> None:
    if not pid:
        return
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return  # it ended between the look and the signal


def main(arguments: list[str] | None = None) -> int:
    """Stop the run of this checkout; with --reset also delete its data and the tests' data."""
    parser = argparse.ArgumentParser(prog="ops.stop", description=main.__doc__)
    parser.add_argument("--reset", action="store_true")
    options = parser.parse_args(arguments)
    began = time.monotonic()
    had_run = stop(folders.RUN, setup_lock=folders.SETUP / "lock")
    print(f"Stopped in {time.monotonic() - began:.1f} s." if had_run else "Nothing was running.")
    if options.reset:
        stop(folders.TEST)
        for stack in (folders.RUN, folders.TEST):
            reset(stack)
        print("Data deleted.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
