"""The file that tells other programs where a running stack is: written at once, for its owner's eyes only."""

import json
import os
from pathlib import Path
from typing import Any

import click

from ops.endpoints import Endpoints, with_database
from ops.environment import StackSettings
from ops.folders import StackFolder


class NotRunning(click.ClickException):
    """There is no such file: the stack is down. It ends a command in one line."""


def contents(endpoints: Endpoints, settings: StackSettings) -> dict[str, Any]:
    """Addresses of the portal and of every server behind it, with their keys."""
    store = endpoints.object_store
    return {
        "portal": settings.portal,
        "mailbox": endpoints.mailbox,
        "amqp": settings.demo_amqp,
        "s3": {
            "endpoint": store.url,
            "region": store.region,
            "access_key": store.admin.access,
            "secret_key": store.admin.secret,
            "buckets": list(settings.buckets.values()),
        },
        "databases": {service: with_database(endpoints.postgres, name) for service, name in settings.databases.items()},
    }


def write(path: Path, facts: dict[str, Any]) -> None:
    """Put *facts* at *path*, mode 0600; a reader sees all of it or nothing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(facts, file, indent=2)
        file.write("\n")
    draft.rename(path)


def read(path: Path) -> dict[str, Any]:
    """What a running stack has written. Raises NotRunning."""
    try:
        facts: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as exc:
        raise NotRunning(f"{path} is not there: nothing runs from this checkout (`make run` starts it)") from exc
    return facts


def read_operators(folder: StackFolder) -> dict[str, str]:
    """What `write_operators` wrote for the stack of *folder*. Raises NotRunning."""
    read(folder.stack_file)  # there only while the stack runs
    return {name: str(value) for name, value in read(folder.operators_file).items()}


def write_operators(folder: StackFolder, settings: StackSettings) -> None:
    """Keep the administrators' settings for the commands that look into a running stack (mode 0600)."""
    write(folder.operators_file, settings.migrate)
