"""`espace run`: the whole portal on this machine, in the foreground, until Ctrl-C or `make stop`."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import Awaitable

from ops import demo, leftovers, locks, stackfile
from ops.endpoints import RUN_NAMES, BadAddress
from ops.folders import ROOT, RUN
from ops.ports import NoFreePort
from ops.servers import postgres, rabbitmq
from ops.stack import Kind, MigrationFailed, Stack
from ops.supervisor import NotReady, Supervisor

RUN_KIND = Kind(names=RUN_NAMES, port_offset=0, durable=True, credentials=RUN.credentials)
DEMO_DONE = RUN.path / "demo-published"

KNOWN = (NotReady, MigrationFailed, demo.Unroutable, NoFreePort, BadAddress, postgres.CannotRun, rabbitmq.CannotRun)


def say(text: str) -> None:
    """Tell the person in front of the terminal; goes quiet when the terminal has gone."""
    try:
        print(text, flush=True)
    except BrokenPipeError:
        # `make run | tee`, stopped by Ctrl-C: the reader is gone, and stopping in good order matters more.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def run() -> int:
    """Serve until told to stop; the exit code."""
    try:
        with locks.exclusive(RUN.lock):
            return asyncio.run(_serve())
    except locks.HeldElsewhere as exc:
        say(f"The portal of this checkout is running already (process {exc.pid}); make stop ends it.")
        return 1


async def _serve() -> int:
    began = time.monotonic()
    told_to_stop = _stop_signals()
    RUN.stack_file.unlink(missing_ok=True)
    if swept := leftovers.end(RUN.path):  # before the ports are chosen: it may hold ours
        say(f"Ended {swept} processes that an earlier run had left.")
    supervisor = Supervisor(say=say)
    try:
        stack = Stack(RUN, RUN_KIND, os.environ)
    except KNOWN as exc:
        say(f"The portal cannot start: {exc}")
        return 1
    try:
        return await _until(told_to_stop, _start(stack, supervisor, began))
    finally:
        ended = time.monotonic()
        RUN.stack_file.unlink(missing_ok=True)
        say("Stopping …")
        await stack.end(supervisor)
        say(f"Stopped in {time.monotonic() - ended:.1f} s.")


def _stop_signals() -> asyncio.Event:
    told_to_stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, told_to_stop.set)
    return told_to_stop


async def _until(told_to_stop: asyncio.Event, start: Awaitable[None]) -> int:
    """Start, then wait for the signal, which also breaks off a start. 1 when the start failed."""
    starting = asyncio.ensure_future(start)
    stopping = asyncio.ensure_future(told_to_stop.wait())
    await asyncio.wait({starting, stopping}, return_when=asyncio.FIRST_COMPLETED)
    if not starting.done():
        starting.cancel()
        await asyncio.wait({starting})
        return 0
    if failure := starting.exception():
        stopping.cancel()
        for known in known_in(failure):
            say(f"The portal cannot start: {known}")
        return 1
    await stopping
    return 0


def known_in(failure: BaseException) -> list[BaseException]:
    """The failures to show, out of a group; what is not one of ours is raised as it is."""
    if isinstance(failure, BaseExceptionGroup):
        return [known for inner in failure.exceptions for known in known_in(inner)]
    if isinstance(failure, KNOWN):
        return [failure]
    raise failure


async def _start(stack: Stack, supervisor: Supervisor, began: float) -> None:
    for moved in stack.moved:
        say(f"Port {moved.wanted} is taken: {moved.name} listens on {moved.chosen} instead.")
    private = ", ".join(sorted(stack.endpoints.private))
    say(f"Starting the servers ({private}) …" if private else "Using the servers named in the environment.")
    await stack.start_servers(supervisor, say)
    say("Preparing databases, broker and buckets …")
    await stack.migrate()
    say("Starting the processes …")
    await stack.start_processes(supervisor, say)
    await _publish_demo_once(stack)
    stackfile.write_operators(RUN, stack.settings)
    stackfile.write(RUN.stack_file, stackfile.contents(stack.endpoints, stack.settings))
    say(_welcome(stack, time.monotonic() - began))


async def _publish_demo_once(stack: Stack) -> None:
    servers = "private" if "rabbitmq" in stack.endpoints.private else stack.endpoints.amqp.rpartition("@")[2]
    if DEMO_DONE.exists() and DEMO_DONE.read_text(encoding="utf-8") == servers:
        return
    count = await asyncio.to_thread(demo.publish, stack.settings.demo_amqp)
    DEMO_DONE.write_text(servers, encoding="utf-8")
    say(f"Published the {count} events of {demo.EVENTS.relative_to(ROOT)} as the funder's system would.")


def _welcome(stack: Stack, seconds: float) -> str:
    mailbox = stack.endpoints.mailbox or "the mail server that you named"
    return f"""
The portal is ready after {seconds:.1f} s.

  Portal    {stack.settings.portal}
  Mailbox   {mailbox}

What to do:
  1. In the mailbox open the mail to {demo.EMPLOYER_MAIL}: it holds
     « Identifiant provisoire » and « Mot de passe provisoire ».
  2. In the portal (« Connexion ») log in with both; choose an identifier and a password of your own.
  3. Follow the link of the mail that then arrives, confirm, accept « Politique de confidentialité ».
  4. You are in: see « Règlements », « Documents », « Dossiers ».

Logs: {RUN.logs.relative_to(ROOT)}/. Ctrl-C here or `make stop` elsewhere ends it, `make reset` deletes its data.
"""
