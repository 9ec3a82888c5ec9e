"""A bound on work that waits for somebody else."""

from collections.abc import Iterator
from contextlib import contextmanager

from eventlet import Timeout


class TookTooLong(Exception):
    """The work was broken off at its bound; nobody knows how far the other side has come."""


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Break off what waits in this block after *seconds*, however lively the other side drips. Raises TookTooLong.

    A socket's own timeout begins anew with each byte. This one works where eventlet's hub turns, so in our services.
    """
    limit = Timeout(seconds)
    try:
        yield
    except Timeout as exc:
        if exc is not limit:
            raise
        raise TookTooLong(f"longer than {seconds:g} s") from exc
    finally:
        limit.cancel()
