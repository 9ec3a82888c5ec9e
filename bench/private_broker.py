"""A RabbitMQ of the measurements alone, under `var/bench`, empty at each start."""

import asyncio
import secrets
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from ops import ports
from ops.endpoints import ADMIN
from ops.folders import VAR, StackFolder
from ops.servers import rabbitmq
from ops.servers.placing import Place
from ops.supervisor import Program

FOLDER = StackFolder(VAR / "bench", VAR / "bench" / "stack.json")
PORT_OFFSET = 5000
VHOST = "bench"
PATIENCE = 90.0  # seconds


@contextmanager
def running() -> Iterator[str]:
    """The address of the broker's administrator; it ends with the block."""
    FOLDER.make()
    place, password = Place(FOLDER, durable=True), secrets.token_hex(16)
    shutil.rmtree(place.folder(rabbitmq.NAME))
    with ExitStack() as stack:
        reserved = stack.enter_context(ports.Reservation())
        chosen, _moved = ports.choose(offset=PORT_OFFSET, free=reserved.take)
        node = rabbitmq.prepare(place, ports=chosen, password=password, vhost=VHOST)
        stack.enter_context(_program(node.port_mapper))
        stack.enter_context(_program(node.broker))
        yield f"amqp://{ADMIN}:{password}@127.0.0.1:{chosen.amqp}/{VHOST}"


async def _is_ready(program: Program) -> bool:
    return await program.ready()


@contextmanager
def _program(program: Program) -> Iterator[None]:
    with program.log.open("ab") as log:
        process = subprocess.Popen(
            program.command, cwd=program.folder, env=program.environment, stdout=log, stderr=log, start_new_session=True
        )
    try:
        deadline = time.monotonic() + PATIENCE
        while not asyncio.run(_is_ready(program)):
            if process.poll() is not None or time.monotonic() > deadline:
                raise TimeoutError(f"{program.name} did not start: see {program.log}")
            time.sleep(0.2)
        yield
    finally:
        process.send_signal(program.stop_signal)
        process.wait(60)
