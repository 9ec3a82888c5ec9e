"""Inside the image of the tests: pytest on the servers that the settings of `migrate` name (`make test-images`)."""

import os
import socket
import sys
import tempfile
from pathlib import Path
from typing import Any

from ops import container_secrets, credentials, environment, secret_files, stackfile
from ops.container_secrets import CLIENTS, DEMO_CLIENT_URL
from ops.credentials import Credentials
from ops.endpoints import RUN_NAMES, find
from ops.ports import Ports
from ops.testing import STACK_VARIABLE


def stack(settings: dict[str, str], keys: Credentials) -> dict[str, Any]:
    """What tests of services are told of the servers. `migrate` knows no process's own keys: theirs are of *keys*."""
    # Tests are the funder's system too, which in containers is a user of its own (the job `demo-client`).
    settings = settings | {CLIENTS: settings[DEMO_CLIENT_URL]}
    ports = Ports()
    endpoints = find(settings, keys, ports, RUN_NAMES)
    made = environment.settings(endpoints, credentials=keys, ports=ports, names=RUN_NAMES, overrides=settings)
    facts = {"migrate": settings, "processes": made.processes, "free_port": _free_port()}
    return stackfile.contents(endpoints, made) | facts


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def main() -> None:
    """Run what the arguments, pytest's own, select; the process becomes pytest."""
    known = secret_files.variables()
    settings = {name: value for name, value in known.items() if name.startswith(container_secrets.PREFIXES)}
    folder = Path(tempfile.mkdtemp())
    file = folder / "stack.json"
    stackfile.write(file, stack(settings, credentials.load(folder / "credentials.json")))
    # pytest and hypothesis would keep what they learned beside the code, where nobody may write.
    options = ["-p", "no:cacheprovider"]
    variables = os.environ | {STACK_VARIABLE: str(file), "HYPOTHESIS_STORAGE_DIRECTORY": str(folder)}
    os.execve(sys.executable, [sys.executable, "-m", "pytest", *options, *sys.argv[1:]], variables)  # noqa: S606 - pytest


if __name__ == "__main__":
    main()
