"""A nameko service of another team that calls ours: run as a program, each line of its input is a call.

A line is `method text seconds`; the answer is a line too: what the call gave or raised, and how long it took.
"""

import eventlet

eventlet.monkey_patch()

import json
import os
import sys
import time

from espace_contracts.errors import Incident, Refusal, Unavailable
from espace_contracts.nameko_calls import Calls
from eventlet import tpool
from nameko.containers import ServiceContainer
from nameko.testing.services import dummy, entrypoint_hook

from tests.service.chassis.toy import contract as api

REQUESTS = {"echo": (api.ECHO, api.Echo), "sleep": (api.SLEEP, api.Echo), "note": (api.NOTE, api.Note)}


class OutsideService:
    """Calls the toy."""

    name = "outside"

    bus = Calls()

    @dummy
    def ask(self, name: str, text: str, seconds: float) -> str:
        """What the call gave, as a word and its details."""
        method, request = REQUESTS[name]
        extra = {"seconds": 10} if name == "sleep" else {}
        try:
            return f"answer {self.bus.call(method, request(text=text, **extra), seconds=seconds).text}"
        except Refusal as exc:
            return f"{type(exc).__name__} {','.join(exc.fields)}"
        except Incident as exc:
            return f"Incident {len(exc.reference)}"
        except Unavailable as exc:
            return f"Unavailable {exc}"


def main() -> None:
    """Answer lines until the input ends."""
    container = ServiceContainer(OutsideService, {"AMQP_URI": os.environ["AMQP_URL"]})
    container.start()
    with entrypoint_hook(container, "ask") as ask:
        while line := tpool.execute(sys.stdin.readline):
            name, text, seconds = line.split()
            began = time.monotonic()
            said = ask(name, text, float(seconds))
            sys.stdout.write(json.dumps([said, time.monotonic() - began]) + "\n")
            sys.stdout.flush()
    container.kill()


if __name__ == "__main__":
    main()
