"""CPU work off the hub: eventlet's loop must never wait for a hash or a spreadsheet (trap 6)."""

import sys
import threading
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from eventlet import tpool
from eventlet.patcher import is_monkey_patched

P = ParamSpec("P")
T = TypeVar("T")
_one_at_a_time = threading.Lock()
SWITCH_SECONDS = 0.0005


def come_back_quickly() -> None:
    """For the start of a process: the hub gets the interpreter back from a computing thread after half a millisecond.

    Each system call hands it over, one turn of the hub makes dozens, and by default each would cost 5 ms (trap 6).
    """
    sys.setswitchinterval(SWITCH_SECONDS)


def off_hub(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run *function* in a native thread while other calls of the process go on; its result or exception."""
    if not is_monkey_patched("thread"):
        return function(*args, **kwargs)
    return tpool.execute(function, *args, **kwargs)


def off_hub_serially(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Like `off_hub`, one at a time a process: password hashes are heavy in memory and in CPU (K4)."""
    with _one_at_a_time:
        return off_hub(function, *args, **kwargs)
