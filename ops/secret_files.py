"""Settings of a command: the environment, and under it the files of `ESPACE_SECRETS_DIR`, as processes read them."""

import os
from pathlib import Path

import click


class Variables(dict[str, str]):
    """Settings by name; one that a command needs and that is not there ends it in one line."""

    def __missing__(self, name: str) -> str:
        raise click.ClickException(f"The setting {name} is missing.")


def variables() -> Variables:
    """All variables; a file `payments_amqp_url` is PAYMENTS_AMQP_URL, and the environment wins. Raises OSError."""
    folder = os.environ.get("ESPACE_SECRETS_DIR")
    files = [path for path in Path(folder).iterdir() if path.is_file()] if folder else []
    return Variables({path.name.upper(): path.read_text(encoding="utf-8").strip() for path in files} | dict(os.environ))
