"""Settings of a command: the environment, and under it the files of `ESPACE_SECRETS_DIR`, as processes read them."""

import os
from pathlib import Path


def variables() -> dict[str, str]:
    """All variables; a file `payments_amqp_url` is PAYMENTS_AMQP_URL, and the environment wins. Raises OSError."""
    folder = os.environ.get("ESPACE_SECRETS_DIR")
    files = [path for path in Path(folder).iterdir() if path.is_file()] if folder else []
    return {path.name.upper(): path.read_text(encoding="utf-8").strip() for path in files} | dict(os.environ)
