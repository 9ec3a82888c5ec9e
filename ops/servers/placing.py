"""What every private server is told: its folders and its surroundings."""

from dataclasses import dataclass
from pathlib import Path

from ops import leftovers
from ops.environment import inherited
from ops.folders import StackFolder

STOP_SERVERS = 8.0  # seconds; RabbitMQ needs six, five of them for a timer of its statistics


@dataclass(frozen=True)
class Place:
    """Where a server keeps its things, and how careful it is with them."""

    stack: StackFolder
    durable: bool  # False in tests only: faster, and lost when the machine stops

    def folder(self, name: str) -> Path:
        """The folder of the server *name*, closed to other users."""
        path = self.stack.path / name
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        return path

    def log(self, name: str) -> Path:
        """The log of the server *name*."""
        return self.stack.logs / name

    def environment(self, **more: str) -> dict[str, str]:
        """The variables of a server: a few of the caller's, the mark that it is ours, and *more*."""
        return inherited() | leftovers.mark(self.stack.path) | more


def write_closed(path: Path, text: str) -> None:
    """Write a file that holds secrets: readable by its owner alone from the first byte on."""
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)
    path.write_text(text, encoding="utf-8")
