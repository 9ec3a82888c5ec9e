"""For all tests: logs as plain lines (structlog's default draws tracebacks with rich, seconds each), sockets that block."""

import pytest
import structlog
from eventlet.patcher import is_monkey_patched

structlog.configure(
    processors=[
        structlog.stdlib.add_log_level,
        structlog.processors.format_exc_info,
        structlog.processors.KeyValueRenderer(key_order=["event"]),
    ]
)


def pytest_collection_finish() -> None:
    """Refuse a process that some import has monkey-patched: what was imported before it waits without the hub, for good."""
    if is_monkey_patched("socket"):
        raise pytest.UsageError("a test module imports what calls eventlet.monkey_patch(), such as chassis.process")
