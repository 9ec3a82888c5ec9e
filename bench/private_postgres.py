"""A PostgreSQL of the measurements alone, under `var/bench`: large data are generated once and kept."""

import secrets
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg

from chassis.migrations import upgrade
from ops.folders import VAR, StackFolder
from ops.provision import ServiceDatabase, provision_database
from ops.servers import postgres
from ops.servers.placing import Place

FOLDER = StackFolder(VAR / "bench", VAR / "bench" / "stack.json")
PATIENCE = 60.0  # seconds


@dataclass(frozen=True)
class Server:
    """Where the server answers, and the password of its administrator and of every role."""

    port: int
    password: str

    def url(self, user: str, database: str) -> str:
        """The way in as *user*."""
        return f"postgresql://{user}:{self.password}@127.0.0.1:{self.port}/{database}"

    def admin(self, database: str = "postgres") -> str:
        """The way in as the administrator, whom no policy holds back."""
        return self.url(postgres.ADMIN, database)

    def migrated(self, service: str, database: str) -> ServiceDatabase:
        """The database *database* with the newest tables of *service*."""
        urls = {role: self.url(f"{service}_{role}", database) for role in ("owner", "app", "worker")}
        made = ServiceDatabase(service, owner_url=urls["owner"], app_url=urls["app"], worker_url=urls["worker"])
        provision_database(self.admin(), made)
        upgrade(service, made.owner_url)
        return made


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _password() -> str:
    file = FOLDER.path / "password"
    if not file.exists():
        file.touch(mode=0o600)
        file.write_text(secrets.token_hex(16))
    return file.read_text()


@contextmanager
def running(*, durable: bool = False) -> Iterator[Server]:
    """The server, started and ended with the block; *durable* commits reach the disk, as in production."""
    FOLDER.make()
    server = Server(_free_port(), _password())
    program = postgres.prepare(Place(FOLDER, durable=durable), port=server.port, password=server.password)
    more = ("-c", "shared_buffers=1GB", "-c", "maintenance_work_mem=512MB", "-c", "max_wal_size=2GB")
    with program.log.open("ab") as log:
        process = subprocess.Popen(
            (*program.command, *more),
            cwd=program.folder,
            env=program.environment,
            stdout=log,
            stderr=log,
            user=program.user,
            group=program.group,
        )
    try:
        _wait(server)
        yield server
    finally:
        process.send_signal(program.stop_signal)
        process.wait(60)


def _wait(server: Server) -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            psycopg.connect(server.admin(), connect_timeout=2).close()
        except psycopg.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)
        else:
            return
