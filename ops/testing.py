"""`espace test`: the tests on real servers of their own, in a pytest process for each group, two at a time.

Half of a test's time is waiting (for a retry's delay, a page, a process that starts): two groups side by side keep two
processors busy, and a third would only make all of them wait for those. Each has servers of its own: one empties what
the other needs.
"""

import asyncio
import os
import signal
import sys
import time
import xml.etree.ElementTree as ET
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ops import demo, fresh, hanging, leftovers, locks, ports, stackfile
from ops.endpoints import TEST_NAMES
from ops.folders import ROOT, RUN, TEST, StackFolder
from ops.run import KNOWN, known_in, say
from ops.stack import Kind, Stack
from ops.stop import reset
from ops.supervisor import Supervisor
from ops.testing_groups import Planned, plan

NOTHING_COLLECTED = 5  # pytest's exit code when a selection fits no test
EXISTING_SERVERS = "OPS_"
STACK_VARIABLE = "ESPACE_TEST_STACK"
LANES = 2


@dataclass
class Tally:
    """Outcomes added up over the processes."""

    passed: int = 0
    failed: int = 0
    broken: bool = False  # a process that could not even report

    @property
    def succeeded(self) -> bool:
        return self.passed > 0 and not self.failed and not self.broken


def run_tests(arguments: list[str]) -> int:
    """Run what *arguments* (pytest's own) select; 0 when something ran and nothing failed."""
    try:
        with locks.exclusive(TEST.lock):
            return asyncio.run(_run(arguments))
    except locks.HeldElsewhere as exc:
        say(f"The tests of this checkout are running already (process {exc.pid}).")
        return 1


async def _run(arguments: list[str]) -> int:
    planned = plan(arguments)
    if not planned:
        say("These arguments select no group of tests.")
        return 1
    leftovers.end(TEST.path)
    _forget_last_time()
    tally = Tally()
    running = asyncio.current_task()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, running.cancel if running else lambda: None)
    try:
        await _run_lanes(planned, tally)
    except asyncio.CancelledError:
        say("Stopping …")
        return 1
    finally:
        leftovers.end(TEST.path, grace=5.0)
    say(f"{tally.passed} passed, {tally.failed} failed")
    return 0 if tally.succeeded else 1


def _forget_last_time() -> None:
    for path in TEST.path.iterdir():
        if path.is_dir():
            reset(TEST.inside(path.name))
        elif path.name != TEST.lock.name:
            path.unlink()


async def _run_lanes(planned: list[Planned], tally: Tally) -> None:
    waiting = deque(planned)
    # One group alone is shown while it runs. On existing servers both would empty the same vhost and databases.
    lanes = 1 if _existing_servers(os.environ) else min(LANES, len(planned))

    async def lane() -> None:
        while waiting:
            await _run_group(waiting.popleft(), tally, shown=lanes == 1)

    async with asyncio.TaskGroup() as group:
        for _ in range(lanes):
            group.create_task(lane())


async def _run_group(planned: Planned, tally: Tally, *, shown: bool) -> None:
    """Servers, tests, and the end of the servers; what fails on the way is told and counted as broken."""
    name, supervisor, began = planned.group.name, Supervisor(say=say), time.monotonic()
    say(f"\n== {name} tests ==" if shown else f"The {name} tests begin; they are shown when they end.")
    stack: Stack | None = None
    folder = TEST.inside(name)
    try:
        if planned.group.needs in ("servers", "portal"):
            stack = make_stack(folder, os.environ)
            await _prepare(planned, stack, supervisor)
        await _pytest(planned, folder.stack_file, tally, shown=shown)
    except (*KNOWN, ExceptionGroup) as exc:
        tally.broken = True
        for known in known_in(exc):
            say(f"The {name} tests cannot go on: {known}")
    finally:
        await supervisor.stop()
        if stack is not None:  # not before: tests start processes of their own on its ports
            stack.give_ports_back()
    say(f"The {name} tests ended after {time.monotonic() - began:.0f} s.")


async def _prepare(planned: Planned, stack: Stack, supervisor: Supervisor) -> None:
    """The servers, emptied and migrated; for journeys also the processes and the demo's events; and the stack's file."""
    await stack.start_servers(supervisor, say)
    await asyncio.to_thread(fresh.empty, stack)
    await stack.migrate()
    if planned.group.needs == "portal":
        await stack.start_processes(supervisor, say)
        await asyncio.to_thread(demo.publish, stack.settings.demo_amqp)
    stackfile.write(stack.folder.stack_file, _facts(stack))


def _existing_servers(variables: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in variables.items() if name.startswith(EXISTING_SERVERS)}


def make_stack(folder: StackFolder, variables: Mapping[str, str]) -> Stack:
    """The stack of one group of tests: existing servers count as in a run, overrides of single settings do not."""
    servers = _existing_servers(variables)
    # Roles and broker users belong to a whole server: on a shared one both stacks must agree on their passwords.
    secrets = RUN.credentials if servers else folder.credentials
    kind = Kind(names=TEST_NAMES, port_offset=ports.TEST_OFFSET, durable=False, credentials=secrets)
    return Stack(folder, kind, servers)


def _facts(stack: Stack) -> dict[str, object]:
    return stackfile.contents(stack.endpoints, stack.settings) | {
        "migrate": stack.settings.migrate,
        "processes": stack.settings.processes,
        "free_port": stack.ports.spare,
    }


async def _pytest(planned: Planned, stack_file: Path, tally: Tally, *, shown: bool) -> None:
    report, output, now = (TEST.path / f"{planned.group.name}.{suffix}" for suffix in ("xml", "txt", "now"))
    variables = leftovers.mark(TEST.path) | {STACK_VARIABLE: str(stack_file), hanging.NOW_VARIABLE: str(now)}
    with output.open("wb") as written:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "pytest", f"--junitxml={report}", *planned.arguments),
            env=os.environ | variables,
            cwd=ROOT,
            stdout=None if shown else written,
            stderr=None if shown else asyncio.subprocess.STDOUT,
        )
    try:
        status = await hanging.wait(process, now, say)
    except asyncio.CancelledError:
        process.terminate()  # what it had started is ended with the other leftovers
        await process.wait()
        raise
    finally:
        say(output.read_text(errors="replace"))
    if report.exists():
        add(tally, report)
    if status not in (0, 1, NOTHING_COLLECTED):
        tally.broken = True
        say(f"pytest ended with {status}")


def add(tally: Tally, report: Path) -> None:
    """Add one process's outcomes (JUnit XML, written by pytest) to *tally*."""
    for suite in ET.parse(report).getroot().iter("testsuite"):  # noqa: S314 - a file that we had written ourselves
        total, skipped = int(suite.get("tests", 0)), int(suite.get("skipped", 0))
        failed = int(suite.get("failures", 0)) + int(suite.get("errors", 0))
        tally.passed += total - failed - skipped
        tally.failed += failed
