"""`make test-images`: what ships is what is tested. Tests of services run in an image made from the operators' image, on
Compose's servers; the journeys drive a browser of this machine before Compose's gateway. All of it is gone afterwards."""

import json
import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

from ops.folders import ROOT, VAR
from ops.testing import STACK_VARIABLE

PROJECT = "espace-employeur-tests"
FILES = ("docker-compose.yml", "docker-compose.test.yml")
PORTS = {"PORT": "18000", "MAILBOX_PORT": "18025"}  # beside those of a portal that runs here
SERVERS = ("rabbitmq", "postgres", "s3", "mailpit")
# It looks into files of the servers, which lie in their containers here.
WITHOUT = "not canary"
# It starts servers of its own, and the image holds none.
NO_SERVERS = "--ignore=tests/service/test_tls_servers.py"
STACK_FILE = VAR / "test-images" / "stack.json"


def compose(*arguments: str, check: bool = True, capture: bool = False) -> subprocess.CompletedProcess[str]:
    """`docker compose` on the project of the tests. Raises subprocess.CalledProcessError."""
    files = [part for name in FILES for part in ("-f", name)]
    command = ["docker", "compose", "-p", PROJECT, *files, "--profile", "demo", *arguments]
    return subprocess.run(command, cwd=ROOT, env=os.environ | PORTS, check=check, text=True, capture_output=capture)


def address_of(service: str) -> str:
    """Where the container of *service* is reached from this machine, on a network that leads nowhere else."""
    container = compose("ps", "--quiet", service, capture=True).stdout.strip()
    form = "{{json .NetworkSettings.Networks}}"
    found = subprocess.run(["docker", "inspect", "-f", form, container], check=True, text=True, capture_output=True)
    return str(next(iter(json.loads(found.stdout).values()))["IPAddress"])


def write_stack_file() -> None:
    """What the journeys are told: portal, mailbox, and the broker as the funder's demo system."""
    reading = ("run", "--rm", "--no-deps", "--entrypoint", "cat", "demo", "/run/espace/amqp_url")
    url = urlsplit(compose(*reading, capture=True).stdout.strip())
    amqp = url._replace(netloc=f"{url.netloc.rpartition('@')[0]}@{address_of('rabbitmq')}:5672").geturl()
    portal, mailbox = (f"http://127.0.0.1:{PORTS[name]}" for name in ("PORT", "MAILBOX_PORT"))
    STACK_FILE.parent.mkdir(parents=True, exist_ok=True)
    STACK_FILE.touch(mode=0o600)
    STACK_FILE.write_text(json.dumps({"portal": portal, "mailbox": mailbox, "amqp": amqp}), encoding="utf-8")


def in_the_image(arguments: list[str]) -> bool:
    """Whether the tests of services pass in the image, on servers that nobody else uses yet."""
    compose("up", "--wait", *SERVERS)
    compose("run", "--rm", "migrate")
    compose("run", "--rm", "demo-client")
    return compose("run", "--rm", "tests", *(arguments or ["tests/service", NO_SERVERS]), check=False).returncode == 0


def before_the_gateway() -> bool:
    """Whether the journeys pass before the containers."""
    compose("up", "--wait")
    write_stack_file()
    command = [sys.executable, "-m", "pytest", "tests/journeys", "-k", WITHOUT]
    variables = os.environ | {STACK_VARIABLE: str(STACK_FILE)}
    return subprocess.run(command, cwd=ROOT, env=variables, check=False).returncode == 0


def main(arguments: list[str]) -> int:
    """Build, test, take away; *arguments* choose tests of services. 1 when a test or Compose failed."""
    passed: dict[str, bool] = {}
    try:
        compose("build")
        compose("build", "tests")
        passed["tests of services in the image"] = in_the_image(arguments)
        passed["journeys before the gateway"] = before_the_gateway()
    except subprocess.CalledProcessError as exc:
        print(f"{' '.join(map(str, exc.cmd))} ended with {exc.returncode}", file=sys.stderr)
        passed["Compose"] = False
    finally:
        compose("--profile", "tests", "down", "--volumes", check=False)
        Path(STACK_FILE).unlink(missing_ok=True)
    for what, well in passed.items():
        print(f"{what}: {'passed' if well else 'FAILED'}")
    return 0 if all(passed.values()) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
