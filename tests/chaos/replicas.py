"""A second process of each kind beside the first, as two machines run it."""

import socket
from dataclasses import replace

from ops import probes
from tests.chaos.world import World

SERVICES = ("identity", "payments", "documents")


def second_of(world: World, name: str, **changes: str) -> str:
    """Start a second process of *name* on ports of its own, its variables with *changes*; what it is called."""
    first, called = world.program(name), f"{name}-2"
    port = _free_port()
    variables = {f"{name.upper()}_HTTP_PORT": str(port)}
    if name == "gateway":
        variables["GATEWAY_OPERATORS_PORT"] = str(_free_port())
    world.start_beside(
        replace(
            first,
            name=called,
            environment=first.environment | variables | changes,
            log=first.log.with_name(f"{called}.jsonl"),
            ready=probes.http(port, "/healthz"),
        )
    )
    return called


def address_of(world: World, called: str) -> str:
    """Where a gateway answers."""
    return f"http://127.0.0.1:{world.program(called).environment['GATEWAY_HTTP_PORT']}"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
