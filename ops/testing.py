"""`espace test`: the tests on real servers of their own, in separate pytest processes one after the other.

Separate, since services run under eventlet's patches, which browser and gateway do not survive (and the reverse).
"""

import asyncio
import os
import shutil
import signal
import sys
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ops import demo, fresh, leftovers, locks, ports, stackfile
from ops.endpoints import TEST_NAMES
from ops.folders import ROOT, RUN, TEST
from ops.run import KNOWN, known_in, say
from ops.stack import Kind, Stack
from ops.supervisor import Supervisor

NOTHING_COLLECTED = 5  # pytest's exit code when a selection fits no test
EXISTING_SERVERS = "OPS_"
STACK_VARIABLE = "ESPACE_TEST_STACK"


@dataclass(frozen=True)
class Group:
    """Tests that run in one pytest process, and what must stand before it."""

    name: str
    paths: tuple[str, ...]
    needs: str  # "nothing", "servers", "portal"; "itself" starts servers of its own, to kill and freeze them


GROUPS = (
    Group("unit", ("tests/unit", "tests/ops"), "nothing"),
    Group("chaos", ("tests/chaos",), "itself"),
    Group("service", ("tests/service",), "servers"),
    Group("journeys", ("tests/journeys",), "portal"),
)


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


def plan(arguments: list[str]) -> list[tuple[Group, list[str]]]:
    """The groups to run, each with its arguments: all of them, or those that the paths among *arguments* lie in."""
    chosen = [argument for argument in arguments if _is_path(argument)]
    options = [argument for argument in arguments if argument not in chosen]
    planned = []
    for group in GROUPS:
        present = [path for path in group.paths if (ROOT / path).is_dir()]
        paths = [path for path in chosen if _lies_in(path, group)] if chosen else present
        if paths:
            planned.append((group, [*paths, *options]))
    return planned


def _is_path(argument: str) -> bool:
    return not argument.startswith("-") and (ROOT / argument.partition("::")[0]).exists()


def _lies_in(path: str, group: Group) -> bool:
    place = (ROOT / path.partition("::")[0]).resolve()
    return any(place.is_relative_to(ROOT / folder) for folder in group.paths)


async def _run(arguments: list[str]) -> int:
    planned = plan(arguments)
    if not planned:
        say("These arguments select no group of tests.")
        return 1
    leftovers.end(TEST.path)
    _forget_last_time()
    tally, supervisor = Tally(), Supervisor(say=say)
    running = asyncio.current_task()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, running.cancel if running else lambda: None)
    try:
        await _run_groups(planned, tally, supervisor)
    except asyncio.CancelledError:
        say("Stopping …")
        return 1
    except (*KNOWN, ExceptionGroup) as exc:
        tally.broken = True
        for known in known_in(exc):
            say(f"The tests cannot go on: {known}")
    finally:
        await supervisor.stop()
        leftovers.end(TEST.path, grace=5.0)
    say(f"{tally.passed} passed, {tally.failed} failed")
    return 0 if tally.succeeded else 1


def _forget_last_time() -> None:
    keep = TEST.lock.name
    for path in TEST.path.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        elif path.name != keep:
            path.unlink()
    if TEST.outside.exists():
        shutil.rmtree(TEST.outside)


async def _run_groups(planned: list[tuple[Group, list[str]]], tally: Tally, supervisor: Supervisor) -> None:
    stack: Stack | None = None
    for group, arguments in planned:
        if group.needs in ("servers", "portal"):
            stack = await _prepare(group, stack, supervisor)
        say(f"\n== {group.name} tests ==")
        await _pytest(group, arguments, tally)


async def _prepare(group: Group, stack: Stack | None, supervisor: Supervisor) -> Stack:
    """The servers, emptied and migrated; for journeys also the processes and the demo's events."""
    if stack is None:
        stack = make_stack(os.environ)
        say("Starting the tests' servers …")
        await stack.start_servers(supervisor, say)
    await asyncio.to_thread(fresh.empty, stack)
    await stack.migrate()
    if group.needs == "portal":
        await stack.start_processes(supervisor, say)
        await asyncio.to_thread(demo.publish, stack.settings.demo_amqp)
    stackfile.write(TEST.stack_file, _facts(stack))
    return stack


def make_stack(variables: Mapping[str, str]) -> Stack:
    """The tests' stack: existing servers count as in a run, overrides of single settings do not."""
    servers = {name: value for name, value in variables.items() if name.startswith(EXISTING_SERVERS)}
    # Roles and broker users belong to a whole server: on a shared one both stacks must agree on their passwords.
    secrets = RUN.credentials if servers else TEST.credentials
    kind = Kind(names=TEST_NAMES, port_offset=ports.TEST_OFFSET, durable=False, credentials=secrets)
    return Stack(TEST, kind, servers)


def _facts(stack: Stack) -> dict[str, object]:
    return stackfile.contents(stack.endpoints, stack.settings) | {
        "migrate": stack.settings.migrate,
        "processes": stack.settings.processes,
        "free_port": stack.ports.spare,
    }


async def _pytest(group: Group, arguments: list[str], tally: Tally) -> None:
    report = TEST.path / f"{group.name}.xml"
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "pytest", f"--junitxml={report}", *arguments),
        env={**os.environ, **leftovers.mark(TEST.path), STACK_VARIABLE: str(TEST.stack_file)},
        cwd=ROOT,
    )
    try:
        status = await process.wait()
    except asyncio.CancelledError:
        await process.wait()  # Ctrl-C reached it as well; what hangs is ended with the other leftovers
        raise
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
