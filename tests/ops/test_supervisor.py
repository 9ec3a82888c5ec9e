"""Programs are started, awaited, started again when they die, and ended in time."""

import asyncio
import os
import signal
import sys
import time

import pytest

from ops.supervisor import LOG_LIMIT, NotReady, Program, Supervisor

SLEEP = "import time; time.sleep(60)"
STUBBORN = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); {SLEEP}"
PARENT = (
    f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {SLEEP!r}]); print('two', flush=True); {SLEEP}"
)


def program(folder, code, *, ready=None, **more):
    async def at_once():
        return True

    return Program(
        name="it",
        command=(sys.executable, "-c", code),
        environment=dict(os.environ),
        log=folder / "it.log",
        folder=folder,
        ready=ready or at_once,
        **more,
    )


def says(folder, text):
    async def ready():
        log = folder / "it.log"
        return log.exists() and text in log.read_text()

    return ready


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_start_lasts_until_the_program_answers(tmp_path):
    code = f"import time; time.sleep(.4); print('ready', flush=True); {SLEEP}"

    async def scenario():
        supervisor = Supervisor(say=print)
        took = await supervisor.start(program(tmp_path, code, ready=says(tmp_path, "ready")))
        await supervisor.stop()
        return took

    assert asyncio.run(scenario()) >= 0.4


def test_a_program_that_ends_at_its_start_is_shown_with_the_end_of_its_log(tmp_path):
    async def never():
        return False

    async def scenario():
        supervisor = Supervisor(say=print)
        try:
            await supervisor.start(program(tmp_path, "raise SystemExit('no such vhost')", ready=never))
        finally:
            await supervisor.stop()

    with pytest.raises(NotReady, match=r"it ended with 1.*\n.*no such vhost"):
        asyncio.run(scenario())


def test_a_program_that_never_answers_is_given_up(tmp_path):
    async def never():
        return False

    async def scenario():
        supervisor = Supervisor(say=print)
        try:
            await supervisor.start(program(tmp_path, SLEEP, ready=never, ready_within=0.3))
        finally:
            await supervisor.stop()

    with pytest.raises(NotReady, match="did not answer"):
        asyncio.run(scenario())


def test_a_program_that_dies_is_started_again_later_each_time(tmp_path):
    said = []

    async def scenario():
        supervisor = Supervisor(say=said.append)
        await supervisor.start(program(tmp_path, SLEEP))
        pids = [supervisor.pid("it")]
        for _ in range(2):
            os.kill(pids[-1], signal.SIGKILL)
            async with asyncio.timeout(10):
                while supervisor.pid("it") == pids[-1]:
                    await asyncio.sleep(0.02)
            pids.append(supervisor.pid("it"))
        assert alive(pids[-1])
        await supervisor.stop()
        return pids

    pids = asyncio.run(scenario())
    assert len(set(pids)) == 3
    assert not alive(pids[-1])
    assert said == [
        "it ended with -9; starting it again in 0.5 s",
        "it ended with -9; starting it again in 1.0 s",
    ]


def test_what_is_being_stopped_is_not_started_again(tmp_path):
    said = []

    async def scenario():
        supervisor = Supervisor(say=said.append)
        await supervisor.start(program(tmp_path, SLEEP))
        pid = supervisor.pid("it")
        await supervisor.stop()
        await asyncio.sleep(0.8)
        return pid

    assert not alive(asyncio.run(scenario()))
    assert said == []


def test_what_does_not_end_in_its_time_is_killed(tmp_path):
    async def scenario():
        supervisor = Supervisor(say=print)
        await supervisor.start(program(tmp_path, STUBBORN, ready=says(tmp_path, "deaf"), stop_within=0.5))
        pid, began = supervisor.pid("it"), time.monotonic()
        await supervisor.stop()
        return pid, time.monotonic() - began

    pid, took = asyncio.run(scenario())
    assert not alive(pid)
    assert 0.5 <= took < 3


def test_a_programs_own_children_end_with_it(tmp_path):
    async def scenario():
        supervisor = Supervisor(say=print)
        await supervisor.start(program(tmp_path, PARENT, ready=says(tmp_path, "two")))
        group = supervisor.pid("it")
        members = [int(entry) for entry in os.listdir("/proc") if entry.isdigit() and _group(entry) == group]
        await supervisor.stop()
        await asyncio.sleep(0.2)
        return members

    members = asyncio.run(scenario())
    assert len(members) == 2
    assert [pid for pid in members if _group(str(pid)) != 0] == []


def _group(pid):
    """The process group of a live process, 0 for none or a dead one."""
    try:
        with open(f"/proc/{pid}/stat") as stat:
            fields = stat.read().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return 0 if fields[0] == "Z" else int(fields[2])


def test_logs_are_closed_to_others_and_do_not_grow_for_ever(tmp_path):
    log = tmp_path / "it.log"
    log.write_bytes(b"x" * (LOG_LIMIT + 1))

    async def scenario():
        supervisor = Supervisor(say=print)
        await supervisor.start(program(tmp_path, f"print('new', flush=True); {SLEEP}", ready=says(tmp_path, "new")))
        await supervisor.stop()

    asyncio.run(scenario())
    assert log.read_text() == "new\n"
    assert log.stat().st_mode & 0o077 == 0
    assert (tmp_path / "it.log.1").stat().st_size == LOG_LIMIT + 1
