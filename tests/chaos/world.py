"""A portal of its own whose servers and processes may be killed, frozen and held down, as a machine room does it."""

import asyncio
import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Coroutine, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import psycopg

from ops import leftovers, locks, probes
from ops.endpoints import Names, with_database
from ops.folders import VAR, StackFolder
from ops.stack import Kind, Stack
from ops.supervisor import Probe, Program, Supervisor

FOLDER = StackFolder(VAR / "chaos", VAR / "chaos" / "stack.json")
LOCK = VAR / "chaos.lock"  # beside the folder, which each run deletes
NAMES = Names(vhost="employeur-chaos", prefix="chaos_")
PORT_OFFSET = 2000  # beside those of a run and of the other tests
# What is acknowledged must survive a kill of PostgreSQL, so it is as careful here as in a run.
KIND = Kind(names=NAMES, port_offset=PORT_OFFSET, durable=True, credentials=FOLDER.credentials)
# A mail whose sender was killed is sent again when its lease is over: 19 s with this, instead of 60.
QUICKLY = {
    "IDENTITY_SMTP_TIMEOUT_SECONDS": "2",
    "IDENTITY_SMTP_TOTAL_SECONDS": "4",
    "IDENTITY_ARGON2_MEMORY_KIB": "8192",
    "IDENTITY_ARGON2_ROUNDS": "1",
    "GATEWAY_DRAIN_SECONDS": "1.5",
}
PATIENCE = 180.0  # seconds for anything the supervisor is asked
FLAGS = {"postgres": ("-c", "track_commit_timestamp=on")}  # faults are judged by when something was committed

T = TypeVar("T")


class Keeper(Supervisor):
    """A supervisor that knows how to start again what was taken down."""

    def __init__(self) -> None:
        super().__init__(say=lambda _text: None)
        self.programs: dict[str, Program] = {}

    async def start(self, program: Program) -> float:
        """Start *program*, and remember how."""
        self.programs[program.name] = program
        flags = FLAGS.get(program.name, ())
        return await super().start(replace(program, command=(*program.command, *flags)))

    async def bring_back(self, name: str) -> None:
        """Start what `stop` ended; return when it answers."""
        await self.start(self.programs[name])

    async def end_in_good_order(self, name: str) -> tuple[int, float]:
        """Tell *name* to end and wait, however long its own bound lets it take; its exit code, and the seconds."""
        child, began = self._children.pop(name), time.monotonic()
        if child.watcher is not None:
            child.watcher.cancel()
        child.process.send_signal(child.program.stop_signal)
        return await child.process.wait(), time.monotonic() - began


class World:
    """The running portal. Its methods may be called from any thread but the supervisor's own."""

    def __init__(self, changes: Mapping[str, str]) -> None:
        self._changes = changes
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="chaos supervisor", daemon=True)
        self._keeper = Keeper()
        self.kills: dict[str, int] = {}

    def start(self) -> None:
        """Start everything on empty servers; what an earlier run left is ended and deleted."""
        leftovers.end(FOLDER.path)
        for path in (FOLDER.path, FOLDER.outside):
            shutil.rmtree(path, ignore_errors=True)
        self._thread.start()
        self.stack = Stack(FOLDER, KIND, self._changes)
        self._ask(self._start())

    async def _start(self) -> None:
        await self.stack.start_servers(self._keeper, lambda _text: None)
        await self.stack.migrate()
        await self.stack.start_processes(self._keeper, lambda _text: None)

    def end(self) -> None:
        """End everything that was started here, frozen or not; nothing of it is needed any more."""
        for pid in [process.pid for process in leftovers.find(FOLDER.path)]:
            _tell(pid, signal.SIGKILL)
        self._ask(self._keeper.stop())
        leftovers.end(FOLDER.path, grace=0.0)
        if hasattr(self, "stack"):  # else it was not even made
            self.stack.give_ports_back()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def _ask(self, what: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(what, self._loop).result(PATIENCE)

    # faults

    def kill(self, name: str) -> None:
        """kill -9, children included, and start it again at once; return when it answers."""
        self.kill_and_hold(name)
        self.bring_back(name)

    def kill_and_hold(self, name: str) -> None:
        """kill -9, children included; it stays down."""
        self.kills[name] = self.kills.get(name, 0) + 1
        for pid in _family(self._keeper.pid(name)):
            _tell(pid, signal.SIGKILL)
        self._ask(self._keeper.stop([name]))

    def stop(self, name: str) -> None:
        """End it in good order; it stays down."""
        self._ask(self._keeper.stop([name]))

    def program(self, name: str) -> Program:
        """How *name* is run."""
        return self._keeper.programs[name]

    def pid(self, name: str) -> int:
        """The present process of *name*."""
        return self._keeper.pid(name)

    def end_in_good_order(self, name: str) -> tuple[int, float]:
        """Tell *name* to end, as an operator does; it stays down. Its exit code, and the seconds it took."""
        return self._ask(self._keeper.end_in_good_order(name))

    def start_beside(self, program: Program) -> None:
        """Start one more program; return when it answers."""
        self._ask(self._keeper.start(program))

    def bring_back(self, name: str) -> float:
        """Start what is down, and wait; the moment (monotonic) at which it first answered on its own port."""
        return self._ask(self._bring_back(name))

    async def _bring_back(self, name: str) -> float:
        answers = self._keeper.programs[name].ready
        if name == "rabbitmq":
            answers = probes.amqp(self.stack.ports.amqp)  # its pages come later, and nobody waits for them
        async with asyncio.TaskGroup() as group:
            group.create_task(self._keeper.bring_back(name))
            first = group.create_task(_moment_of(answers))
        return first.result()

    @contextmanager
    def set_up_otherwise(self, name: str, *flags: str, **variables: str) -> Iterator[None]:
        """The process *name* runs with these settings besides its own; afterwards with its own again."""
        own = self._keeper.programs[name]
        try:
            self.stop(name)
            self._keeper.programs[name] = replace(
                own, command=(*own.command, *flags), environment=own.environment | variables
            )
            self.bring_back(name)
            yield
        finally:
            self.stop(name)
            self._keeper.programs[name] = own
            self.bring_back(name)

    def freeze(self, name: str) -> None:
        """SIGSTOP to the process and its children: connections stay open and nobody answers."""
        for pid in _family(self._keeper.pid(name)):
            _tell(pid, signal.SIGSTOP)

    def thaw(self, name: str) -> float:
        """SIGCONT; the moment (monotonic) of it."""
        for pid in _family(self._keeper.pid(name)):
            _tell(pid, signal.SIGCONT)
        return time.monotonic()

    def set_memory_limit(self, share: float) -> float:
        """Let the broker use this share of the machine's memory; the moment of it. Near zero: it takes no message."""
        broker = self._keeper.programs["rabbitmq"]
        tool = Path(broker.command[0]).with_name("rabbitmqctl")
        command = [str(tool), "--quiet", "set_vm_memory_high_watermark", f"{share:.9f}"]
        subprocess.run(command, env=broker.environment, cwd=broker.folder, check=True, timeout=60)
        return time.monotonic()

    def pids(self, names: Iterable[str]) -> dict[str, int]:
        """The present process of each of *names*."""
        return {name: self._keeper.pid(name) for name in names}

    # ways in

    @property
    def funder_amqp(self) -> str:
        """The broker, as the user of a funder's system."""
        return self.stack.settings.demo_amqp

    @property
    def admin_amqp(self) -> str:
        """The broker, as the operators."""
        return self.stack.endpoints.amqp

    @property
    def gateway_amqp(self) -> str:
        """The broker, as the gateway."""
        return self.stack.settings.processes["gateway"]["GATEWAY_AMQP_URL"]

    @property
    def portal(self) -> str:
        """The portal's address."""
        return self.stack.settings.portal

    @property
    def mailbox(self) -> str:
        """The mail catcher's address."""
        return self.stack.endpoints.mailbox or ""

    @contextmanager
    def database(self, service: str) -> Iterator[psycopg.Connection[Any]]:
        """The database of *service*, as the operators (no row-level security)."""
        url = with_database(self.stack.endpoints.postgres, self.stack.settings.databases[service])
        with psycopg.connect(url, autocommit=True, connect_timeout=5) as connection:
            yield connection

    def value(self, service: str, query: str, *arguments: Any) -> Any:
        """The one value of *query*."""
        with self.database(service) as connection:
            row = connection.execute(query, arguments).fetchone()
        return row[0] if row else None


@contextmanager
def running(changes: Mapping[str, str] = QUICKLY) -> Iterator[World]:
    """A fresh portal with *changes* in its settings, ended afterwards. Raises locks.HeldElsewhere while another one of this checkout runs."""
    with locks.exclusive(LOCK):
        world = World(changes)
        try:
            world.start()
            yield world
        finally:
            world.end()


async def _moment_of(answers: Probe) -> float:
    while not await answers():
        await asyncio.sleep(0.05)
    return time.monotonic()


def _family(pid: int) -> list[int]:
    """*pid* and all its descendants: PostgreSQL's backends are in sessions of their own."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except (FileNotFoundError, ProcessLookupError):
                continue  # it ended while we looked
    found = [pid]
    for known in found:
        found += [child for child, parent in parents.items() if parent == known]
    return found


def _tell(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return  # it ended by itself
