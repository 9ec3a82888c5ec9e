"""A bare eventlet.Timeout is a BaseException: nameko would leave its message un-acked for ever (trap 14)."""

import functools
from collections.abc import Callable
from typing import Any

from eventlet import Timeout


class TimeLimitExceeded(Exception):
    """The work took longer than it may."""


def timeouts_are_errors(method: Callable[..., Any]) -> Callable[..., Any]:
    """*method*, with a timeout that escapes it turned into an ordinary error."""

    @functools.wraps(method)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        try:
            return method(*args, **kwargs)
        except Timeout as exc:
            raise TimeLimitExceeded(str(exc)) from exc

    return guarded
