"""What a log line must never carry: the local variables of a traceback hold passwords (trap 19)."""

import subprocess
import sys

PROGRAM = """
import structlog
from chassis.logging import configure
configure("INFO")
def log_in(password):
    raise ValueError("refused")
try:
    log_in("Hirondelle-27!")
except ValueError:
    structlog.get_logger().exception("login_failed")
"""


def test_trap_19_a_traceback_is_logged_without_local_variables() -> None:
    printed = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True).stdout
    assert '"event": "login_failed"' in printed
    assert "log_in" in printed, "the traceback is there"
    assert "Hirondelle" not in printed
