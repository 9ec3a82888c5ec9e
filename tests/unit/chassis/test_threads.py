"""Work off the hub does not hold it up either (R17, trap 6)."""

import subprocess
import sys

PROGRAM = """
import sys
from chassis import process

def end(_package):
    print(sys.getswitchinterval())
    raise SystemExit

process.read_settings, process.service_class = lambda _package: None, end
process.main("nothing")
"""


def test_r17_in_a_service_a_computing_thread_gives_the_interpreter_back_within_a_millisecond() -> None:
    command = [sys.executable, "-W", "ignore", "-c", PROGRAM]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert float(printed) < 0.001
