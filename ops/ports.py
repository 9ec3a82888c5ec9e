"""Which ports a stack listens on: its defaults, or the next free ones, all below the kernel's own range (32768)."""

import os
import socket
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path

LIMIT = 32768
LOOPBACK = "127.0.0.1"
SOCKETS = Path("/tmp")  # noqa: S108 - where weed puts them, whatever it is told


class NoFreePort(Exception):
    """Every port from a default up to the kernel's own range is taken."""


@dataclass(frozen=True)
class Ports:
    """One number a listener; the values here are the defaults of `espace run`."""

    portal: int = 8000
    mailbox: int = 8025
    smtp: int = 8026
    identity: int = 8101
    payments: int = 8102
    documents: int = 8103
    postgres: int = 20432
    amqp: int = 20672
    management: int = 20673
    prometheus: int = 20674
    distribution: int = 20675
    epmd: int = 20676
    s3: int = 20333
    s3_grpc: int = 20334
    s3_master: int = 20335
    s3_master_grpc: int = 20336
    s3_volume: int = 20337
    s3_volume_grpc: int = 20338
    s3_filer: int = 20339
    s3_filer_grpc: int = 20340
    s3_admin: int = 20341
    s3_admin_grpc: int = 20342
    s3_metrics: int = 20343
    operators: int = 8100  # the gateway's pages for operators
    spare: int = 8104  # for a process that a test starts


TEST_OFFSET = 1000  # the tests' servers stand beside those of a run


@dataclass(frozen=True)
class Moved:
    """A default that was taken, and what was chosen instead."""

    name: str
    wanted: int
    chosen: int


def is_free(port: int) -> bool:
    """True when nothing on this machine listens on *port* in a way that would meet 127.0.0.1."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return not _is_blocked_by_another_user(port)


def _is_blocked_by_another_user(port: int) -> bool:
    # weed names a socket in /tmp after each of its ports, and stops when it cannot replace what a killed one left.
    sockets = SOCKETS.glob(f"seaweedfs-*-{port}.sock")
    return os.geteuid() != 0 and any(socket.lstat().st_uid != os.geteuid() for socket in sockets)


class Reservation:
    """Ports that no other stack of this machine chooses meanwhile, whoever runs it.

    Between a look at a port and its listener lie seconds, in which another checkout may look too. A name in the
    kernel's abstract namespace is taken at once by one process, and goes with it.
    """

    def __init__(self) -> None:
        self._claims: list[socket.socket] = []

    def take(self, port: int) -> bool:
        """Reserve *port* if it is free and nobody else has reserved it."""
        if not is_free(port):
            return False
        claim = socket.socket(socket.AF_UNIX)
        try:
            claim.bind(f"\0espace-employeur-port-{port}")
        except OSError:
            claim.close()
            return False
        self._claims.append(claim)
        return True

    def __enter__(self) -> "Reservation":
        return self

    def __exit__(self, *_exc: object) -> None:
        self.release()

    def release(self) -> None:
        """Let others choose these ports again."""
        for claim in self._claims:
            claim.close()
        self._claims.clear()


def choose(*, free: Callable[[int], bool], offset: int = 0) -> tuple[Ports, list[Moved]]:
    """The ports of a stack, *offset* above the defaults, and those that had to move. Raises NoFreePort.

    *free* is a reservation's `take`, and holds as long as the reservation lives.
    """
    wanted = {field.name: getattr(Ports(), field.name) + offset for field in fields(Ports)}
    taken: set[int] = set()
    chosen: dict[str, int] = {}
    for name, port in wanted.items():
        chosen[name] = _next_free(port, taken | (set(wanted.values()) - {port}), free)
        taken.add(chosen[name])
    moved = [Moved(name, port, chosen[name]) for name, port in wanted.items() if chosen[name] != port]
    return Ports(**chosen), moved


def _next_free(port: int, avoided: set[int], free: Callable[[int], bool]) -> int:
    for candidate in range(port, LIMIT):
        if candidate not in avoided and free(candidate):
            return candidate
    raise NoFreePort(f"no free port from {port} to {LIMIT - 1}")
