"""Inside the image of the tests: pytest on the servers that the settings of `migrate` name (`make test-images`)."""

import json
import os
import socket
import sys
import tempfile
from pathlib import Path
from typing import Any

from ops.container_secrets import CLIENTS, DEMO_CLIENT_URL
from ops.environment import PROCESSES
from ops.migrate import BUCKET_OWNERS
from ops.secret_files import variables
from ops.testing import STACK_VARIABLE

STORE = ("ENDPOINT", "REGION", "ACCESS_KEY", "SECRET_KEY")


def stack(settings: dict[str, str]) -> dict[str, Any]:
    """What tests of services are told of the servers; each process has the settings that `migrate` knows of it."""
    # Tests are the funder's system too, which in containers is a user of its own (the job `demo-client`).
    settings = settings | {CLIENTS: settings[DEMO_CLIENT_URL]}
    known = dict(settings)
    for owner in BUCKET_OWNERS:
        known |= {f"{owner.upper()}_S3_{name}": settings[f"OPS_S3_{name}"] for name in STORE}
    processes = {
        process: {name: value for name, value in known.items() if name.startswith(f"{process.upper()}_")}
        for process in PROCESSES
    }
    return {"migrate": settings, "processes": processes, "free_port": _free_port()}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def main() -> None:
    """Run what the arguments, pytest's own, select; the process becomes pytest."""
    settings = {name: value for name, value in variables().items() if name not in os.environ}
    file = Path(tempfile.mkdtemp()) / "stack.json"
    file.write_text(json.dumps(stack(settings)), encoding="utf-8")
    # pytest and hypothesis would keep what they learned beside the code, where nobody may write.
    options = ["-p", "no:cacheprovider"]
    environment = os.environ | {STACK_VARIABLE: str(file), "HYPOTHESIS_STORAGE_DIRECTORY": str(file.parent)}
    os.execve(sys.executable, [sys.executable, "-m", "pytest", *options, *sys.argv[1:]], environment)  # noqa: S606 - pytest


if __name__ == "__main__":
    main()
