"""What a log line must never carry: the local variables of a traceback hold passwords (trap 19)."""

import json
import subprocess
import sys
from typing import Any

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
    assert '"event":"login_failed"' in printed
    assert "log_in" in printed, "the traceback is there"
    assert "Hirondelle" not in printed


def lines(program: str) -> list[dict[str, Any]]:
    """What *program* logs."""
    start = "import logging, structlog\nfrom chassis.logging import configure\nconfigure('INFO', process='toy')\n"
    printed = subprocess.run([sys.executable, "-c", start + program], capture_output=True, text=True, check=True).stdout
    return [json.loads(line) for line in printed.splitlines()]


def test_a_line_of_ours_and_one_of_a_library_look_alike_and_keep_their_order() -> None:
    ours, theirs, last = lines(
        "log = structlog.get_logger()\n"
        "log.info('payment_recorded', count=2)\n"
        "logging.getLogger('some_library').info('It says %s', 'é')\n"
        "log.debug('too_fine')\n"
        "log.warning('done')\n"
    )
    assert {"event": "payment_recorded", "count": 2, "level": "info", "process": "toy"}.items() <= ours.items()
    assert {
        "event": "library_message",
        "detail": "It says é",
        "level": "info",
        "process": "toy",
    }.items() <= theirs.items()
    assert ours.keys() >= {"timestamp"} <= theirs.keys()
    assert last["event"] == "done"


def test_what_orjson_refuses_is_logged_all_the_same() -> None:
    (line,) = lines("structlog.get_logger().info('odd', text='\\ud800', number=2**80, thing={1, 1})")
    assert (line["text"], line["number"], line["thing"]) == ("\ud800", 2**80, "{1}")


def test_a_full_disk_costs_lines_and_not_the_work() -> None:
    program = (
        "import sys, structlog; from chassis.logging import configure; configure('INFO')\n"
        "log = structlog.get_logger()\n"
        "for number in range(3): log.info('line', number=number)\n"
        "sys.stderr.write('still here')"
    )
    with open("/dev/full", "wb") as full:
        ended = subprocess.run([sys.executable, "-c", program], stdout=full, stderr=subprocess.PIPE, check=False)
    assert b"still here" in ended.stderr
