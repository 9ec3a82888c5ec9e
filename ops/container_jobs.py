"""The one-shot jobs of the compose file: `python -m ops.container_jobs secrets | rotate | demo-client | demo`."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

from ops import container_secrets, credentials, demo, secret_files
from ops.bus_clients import provision_client
from ops.endpoints import BadAddress

SECRETS, GIVEN = Path("/secrets"), Path("/given")  # where the compose file mounts them
DEMO_URL = "AMQP_URL"


def make_secrets() -> None:
    """Write every container's settings. Ends the process when what was given cannot be used."""
    try:
        count = container_secrets.make(SECRETS, given_folder=GIVEN, variables=os.environ)
    except container_secrets.GivenNamesUnknown as exc:
        raise SystemExit(f"no setting is named {exc}") from exc
    except BadAddress as exc:
        raise SystemExit(str(exc)) from exc
    sys.stdout.write(f"settings of {count} containers written\n")


def rotate_passwords() -> None:
    """New passwords and keys, for the next start of everything."""
    credentials.rotate(SECRETS / container_secrets.KEPT / container_secrets.CREDENTIALS)
    sys.stdout.write("passwords and keys are new at the next start of all containers\n")


def add_demo_client() -> None:
    """The broker user of the demo's funder, which a start without the profile `demo` does not make."""
    settings = secret_files.variables()
    provision_client(settings, settings[container_secrets.DEMO_CLIENT_URL])
    sys.stdout.write("the demo's broker user is there\n")


def publish_demo() -> None:
    """The demo employer's events; a second time they change nothing."""
    count = demo.publish(secret_files.variables()[DEMO_URL])
    sys.stdout.write(f"{count} events published\n")


JOBS: dict[str, Callable[[], None]] = {
    "secrets": make_secrets,
    "rotate": rotate_passwords,
    "demo-client": add_demo_client,
    "demo": publish_demo,
}


def main() -> None:
    """Do the job that is named."""
    if len(sys.argv) != 2 or sys.argv[1] not in JOBS:
        raise SystemExit(f"which of {', '.join(JOBS)}?")
    JOBS[sys.argv[1]]()


if __name__ == "__main__":
    main()
