"""For all tests: plain lines of log (structlog's default draws tracebacks with rich, seconds each), sockets that block,
property tests that no busy machine fails, and the name of the test that runs in a file, for when it hangs."""

import os
from pathlib import Path

import pytest
import structlog
from eventlet.patcher import is_monkey_patched
from hypothesis import HealthCheck, settings

NOW = os.environ.get("ESPACE_TEST_NOW")

structlog.configure(
    processors=[
        structlog.stdlib.add_log_level,
        structlog.processors.format_exc_info,
        structlog.processors.KeyValueRenderer(key_order=["event"]),
    ]
)

settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")


def pytest_collection_finish() -> None:
    """Refuse a process that some import has monkey-patched: what was imported before it waits without the hub, for good."""
    if is_monkey_patched("socket"):
        raise pytest.UsageError("a test module imports what calls eventlet.monkey_patch(), such as chassis.process")


def pytest_runtest_logstart(nodeid: str) -> None:
    """Say in which test a hang will have been."""
    if NOW:
        Path(NOW).write_text(nodeid, encoding="utf-8")
