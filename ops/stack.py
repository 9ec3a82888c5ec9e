"""One set of servers and processes: what to start, in which order, and how it ends."""

import asyncio
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ops import credentials, endpoints, environment, leftovers, ports, probes
from ops.folders import ROOT, StackFolder
from ops.servers import mailcatcher, objectstore, postgres, rabbitmq
from ops.servers.placing import Place
from ops.supervisor import Program, Say, Supervisor

MODULES = {
    "identity": ("chassis.process", "services.identity"),
    "payments": ("chassis.process", "services.payments"),
    "documents": ("chassis.process", "services.documents"),
    "gateway": ("gateway",),
}


STOP_PROCESSES = 4.0  # seconds; what a service has not finished by then goes back to the broker


class MigrationFailed(Exception):
    """`espace migrate` ended with an error."""


@dataclass(frozen=True)
class Kind:
    """What differs between a run and the tests."""

    names: endpoints.Names
    port_offset: int
    durable: bool
    credentials: Path


class Stack:
    """The servers and processes of one folder."""

    def __init__(self, folder: StackFolder, kind: Kind, variables: Mapping[str, str]) -> None:
        """Choose ports and read or make the credentials; *variables* may name existing servers."""
        folder.make()
        self.folder = folder
        self.names = kind.names
        self._reservation = ports.Reservation()
        self.ports, self.moved = ports.choose(offset=kind.port_offset, free=self._reservation.take)
        self._credentials = credentials.load(kind.credentials)
        self.endpoints = endpoints.find(variables, self._credentials, self.ports, kind.names)
        self.settings = environment.settings(
            self.endpoints, credentials=self._credentials, ports=self.ports, names=kind.names, overrides=variables
        )
        self._place = Place(folder, kind.durable)

    async def start_servers(self, supervisor: Supervisor, say: Say) -> None:
        """Start the private servers side by side, the slowest first; return when all answer."""
        private = self.endpoints.private
        starts = []
        if "rabbitmq" in private:
            starts.append(self._start_broker(supervisor, say))
        if "postgres" in private:
            starts.append(self._start_postgres(supervisor, say))
        if "objectstore" in private:
            starts.append(_start(supervisor, self._object_store(), say))
        if "mailcatcher" in private:
            program = mailcatcher.prepare(self._place, smtp_port=self.ports.smtp, http_port=self.ports.mailbox)
            starts.append(_start(supervisor, program, say))
        async with asyncio.TaskGroup() as group:
            for start in starts:
                group.create_task(start)

    async def migrate(self) -> None:
        """Bring databases, broker and buckets to this version, in a process of its own. Raises MigrationFailed."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "ops.cli", "migrate"),
            env=self._place.environment(**self.settings.migrate),
            cwd=ROOT,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
        )
        output, _ = await process.communicate()
        if process.returncode != 0:
            raise MigrationFailed(output.decode(errors="replace").strip())

    async def start_processes(self, supervisor: Supervisor, say: Say) -> None:
        """Start the services and the gateway; return when each is healthy and the portal shows its first page."""
        async with asyncio.TaskGroup() as group:
            for name in environment.PROCESSES:
                group.create_task(_start(supervisor, self._process(name), say))

    async def end(self, supervisor: Supervisor) -> None:
        """End everything: the processes first, since they need the servers to finish what they are at."""
        await supervisor.stop(environment.PROCESSES)
        await supervisor.stop()
        leftovers.end(self.folder.path, grace=1.0)
        self.give_ports_back()

    def give_ports_back(self) -> None:
        """From now on others may choose them."""
        self._reservation.release()

    async def _start_broker(self, supervisor: Supervisor, say: Say) -> None:
        node = rabbitmq.prepare(self._place, ports=self.ports, password=self._credentials.admin, vhost=self.names.vhost)
        await supervisor.start(node.port_mapper)
        await _start(supervisor, node.broker, say)

    async def _start_postgres(self, supervisor: Supervisor, say: Say) -> None:
        program = await asyncio.to_thread(
            postgres.prepare, self._place, port=self.ports.postgres, password=self._credentials.admin
        )
        await _start(supervisor, program, say)

    def _object_store(self) -> Program:
        store = self.endpoints.object_store
        keys = {self.settings.buckets[owner]: key for owner, key in store.buckets.items()}
        return objectstore.prepare(self._place, ports=self.ports, admin=store.admin, buckets=keys)

    def _process(self, name: str) -> Program:
        port = getattr(self.ports, "portal" if name == "gateway" else name)
        ready = probes.http(port, "/healthz")
        if name == "gateway":
            ready = probes.all_of(ready, probes.http(port, "/connexion"))
        return Program(
            name=name,
            command=(sys.executable, "-m", *MODULES[name]),
            environment=self._place.environment(PYTHONUNBUFFERED="1", **self.settings.processes[name]),
            log=self._place.log(f"{name}.jsonl"),
            folder=ROOT,
            ready=ready,
            stop_within=STOP_PROCESSES,
        )


async def _start(supervisor: Supervisor, program: Program, say: Say) -> None:
    took = await supervisor.start(program)
    say(f"{program.name} answers after {took:.1f} s")
