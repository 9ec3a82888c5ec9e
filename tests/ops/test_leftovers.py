"""What a killed supervisor leaves is found by its mark, and ended; nothing else is."""

import asyncio
import os
import signal
import subprocess
import sys
import time

import pytest

from ops import leftovers, probes
from ops.supervisor import Program

SLEEP = "import time; time.sleep(60)"
STUBBORN = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {SLEEP}"
DETACHED = f"""
import os
if os.fork(): os._exit(0)
os.setsid()
if os.fork(): os._exit(0)
open(os.environ['{leftovers.MARK}'] + '/there', 'w').close()
{SLEEP}
"""


@pytest.fixture
def start(tmp_path):
    started = []

    def begin(code, folder=tmp_path):
        environment = os.environ | leftovers.mark(folder)
        started.append(subprocess.Popen([sys.executable, "-c", code], env=environment, start_new_session=True))
        return started[-1]

    yield begin
    for process in started:
        process.kill()
        process.wait()


def wait_for(check):
    deadline = time.monotonic() + 10
    while not check():
        assert time.monotonic() < deadline, "did not happen in 10 s"
        time.sleep(0.02)


def test_a_child_is_found_by_its_mark(start, tmp_path):
    child = start(SLEEP)
    wait_for(lambda: [found.pid for found in leftovers.find(tmp_path)] == [child.pid])
    assert leftovers.find(tmp_path)[0].command == sys.executable


def test_another_stacks_processes_are_left_alone(start, tmp_path):
    other = start(SLEEP, tmp_path / "other")
    wait_for(lambda: leftovers.find(tmp_path / "other"))
    assert leftovers.end(tmp_path / "another") == 0
    assert leftovers.end(tmp_path / "oth") == 0, "a folder whose name only begins alike"
    assert other.poll() is None


def test_a_stack_inside_ends_along_with_its_folder(start, tmp_path):
    (tmp_path / "inside").mkdir()
    inner = start(SLEEP, tmp_path / "inside")
    wait_for(lambda: leftovers.find(tmp_path / "inside"))
    assert leftovers.end(tmp_path) == 1
    assert inner.wait() == -signal.SIGTERM


def test_what_left_its_session_is_found_and_ended(start, tmp_path):
    start(DETACHED).wait()
    wait_for((tmp_path / "there").exists)
    wait_for(lambda: len(leftovers.find(tmp_path)) == 1)  # those in between have gone
    assert leftovers.end(tmp_path) == 1
    assert leftovers.find(tmp_path) == []


def test_what_ignores_the_polite_signal_is_killed_after_the_grace(start, tmp_path):
    child = start(STUBBORN)
    wait_for(lambda: leftovers.find(tmp_path))
    time.sleep(0.3)  # until it ignores the signal
    began = time.monotonic()
    assert leftovers.end(tmp_path, grace=1.5) == 1
    assert child.wait() == -signal.SIGKILL
    assert 0.5 <= time.monotonic() - began < 3


def test_this_process_is_never_among_them(tmp_path, monkeypatch):
    monkeypatch.setattr(leftovers, "_carries", lambda entry, folder: entry.name == str(os.getpid()))
    assert leftovers.find(tmp_path) == []


SUPERVISOR = """
import asyncio, sys
from pathlib import Path
from tests.ops.test_leftovers import program
from ops.supervisor import Supervisor

async def serve():
    await Supervisor(say=print).start(program(Path(sys.argv[1])))
    print("started", flush=True)
    await asyncio.sleep(60)

asyncio.run(serve())
"""


def program(folder):
    """A program whose child works in a session of its own."""

    async def ready():
        return True

    return Program(
        name="sleeper",
        command=(sys.executable, "-c", SLEEP),
        environment=os.environ | leftovers.mark(folder),
        log=folder / "sleeper.log",
        folder=folder,
        ready=ready,
    )


def test_a_killed_supervisors_children_are_ended_afterwards(tmp_path):
    supervisor = subprocess.Popen([sys.executable, "-c", SUPERVISOR, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert supervisor.stdout is not None
    assert supervisor.stdout.readline() == "started\n"
    supervisor.kill()
    supervisor.wait()
    supervisor.stdout.close()
    assert len(leftovers.find(tmp_path)) == 1
    assert leftovers.end(tmp_path) == 1
    assert leftovers.find(tmp_path) == []


def test_a_probe_of_nobody_is_not_ready():
    assert asyncio.run(probes.http(1, "/")()) is False
    assert asyncio.run(probes.listening(1)()) is False
