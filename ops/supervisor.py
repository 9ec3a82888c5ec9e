"""Start programs, know when they are ready, start them again when they die, end them in time.

Each program gets a session of its own, so that Ctrl-C reaches only the supervisor and a program's own children
can be ended with it.
"""

import asyncio
import os
import signal
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

Probe = Callable[[], Awaitable[bool]]
Say = Callable[[str], None]

PROBE_PAUSE = 0.1
LOG_LIMIT = 20 * 1024**2  # bytes; an older log is kept once beside the new one
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 15.0  # seconds before a dead program is started again
STEADY_AFTER = 30.0  # seconds up after which a death counts as the first again


class NotReady(Exception):
    """A program died, or did not answer in time, while it was being started."""


@dataclass(frozen=True)
class Program:
    """How one program runs."""

    name: str
    command: tuple[str, ...]
    environment: dict[str, str]
    log: Path
    folder: Path
    ready: Probe
    ready_within: float = 60.0
    stop_signal: signal.Signals = signal.SIGTERM
    stop_within: float = 5.0
    user: str | None = None
    group: str | None = None


@dataclass
class Child:
    """A started program and what is known about its present process."""

    program: Program
    process: asyncio.subprocess.Process
    started: float = field(default_factory=time.monotonic)
    deaths: int = 0
    watcher: asyncio.Task[None] | None = None


class Supervisor:
    """Holds the programs of one stack."""

    def __init__(self, *, say: Say) -> None:
        self._say = say
        self._children: dict[str, Child] = {}
        self._stopping = False

    async def start(self, program: Program) -> float:
        """Start *program* and wait until it answers; the seconds that it took. Raises NotReady."""
        child = Child(program, await _spawn(program))
        self._children[program.name] = child
        await self._until_ready(child)
        child.watcher = asyncio.create_task(self._watch(child))
        return time.monotonic() - child.started

    async def stop(self, names: Iterable[str] | None = None) -> None:
        """End the named programs, or all, at the same time; what does not end in its time is killed."""
        self._stopping = self._stopping or names is None
        wanted = list(self._children) if names is None else list(names)
        children = [self._children.pop(name) for name in wanted if name in self._children]
        await asyncio.gather(*(_end(child) for child in children))

    def pid(self, name: str) -> int:
        """The present process of the program *name*."""
        return self._children[name].process.pid

    async def _until_ready(self, child: Child) -> None:
        program, deadline = child.program, time.monotonic() + child.program.ready_within
        while not await program.ready() or child.process.returncode is not None:  # another may answer in its place
            if child.process.returncode is not None:
                raise NotReady(f"{program.name} ended with {child.process.returncode}; {_log_hint(program)}")
            if time.monotonic() > deadline:
                raise NotReady(f"{program.name} did not answer in {program.ready_within:.0f} s; {_log_hint(program)}")
            await asyncio.sleep(PROBE_PAUSE)

    async def _watch(self, child: Child) -> None:
        """Start the program again whenever it ends, later and later if it keeps dying."""
        while True:
            status = await child.process.wait()
            _kill_group(child.process.pid)
            if self._stopping:
                return
            steady = time.monotonic() - child.started > STEADY_AFTER
            child.deaths = 1 if steady else child.deaths + 1
            pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** (child.deaths - 1))
            self._say(f"{child.program.name} ended with {status}; starting it again in {pause:.1f} s")
            await asyncio.sleep(pause)
            child.process, child.started = await _spawn(child.program), time.monotonic()


async def _spawn(program: Program) -> asyncio.subprocess.Process:
    _rotate(program.log)
    descriptor = os.open(program.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        return await asyncio.create_subprocess_exec(
            *program.command,
            env=program.environment,
            cwd=program.folder,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=descriptor,
            stderr=descriptor,
            start_new_session=True,
            user=program.user,
            group=program.group,
            extra_groups=[] if program.user else None,
        )
    finally:
        os.close(descriptor)


async def _end(child: Child) -> None:
    if child.watcher is not None:
        child.watcher.cancel()
    process = child.process
    if process.returncode is None:
        process.send_signal(child.program.stop_signal)
        try:
            await asyncio.wait_for(process.wait(), child.program.stop_within)
        except TimeoutError:
            _kill_group(process.pid)
            await process.wait()
    _kill_group(process.pid)


def _kill_group(group: int) -> None:
    try:
        os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:
        return  # nothing of it is left


def _rotate(log: Path) -> None:
    if log.exists() and log.stat().st_size > LOG_LIMIT:
        log.replace(log.with_name(f"{log.name}.1"))


def _log_hint(program: Program) -> str:
    if not program.log.exists():
        return f"no log at {program.log}"
    last = program.log.read_text(errors="replace").splitlines()[-5:]
    return "\n".join((f"the end of {program.log}:", *(f"    {line}" for line in last)))
