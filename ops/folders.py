"""Where a run keeps its things: everything lies under `var/` of the checkout (standard library only)."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VAR = ROOT / "var"
SETUP = VAR / "setup"
VENV = ROOT / ".venv"

# Only for root in a checkout that other users cannot enter (a home of mode 0700): PostgreSQL refuses to run as root,
# so its files then lie where its own user can reach them.
OUTSIDE = Path("/var/lib/espace-employeur")


@dataclass(frozen=True)
class StackFolder:
    """The folder of one set of servers and processes: `var/run`, or one of those in `var/test`."""

    path: Path
    stack_file: Path

    @property
    def logs(self) -> Path:
        """One file a process and server, rotated by nobody: each start begins anew."""
        return self.path / "log"

    @property
    def lock(self) -> Path:
        """Held by the one process that runs this stack; its id is inside."""
        return self.path / "lock"

    @property
    def credentials(self) -> Path:
        """Every password and key of this stack, mode 0600."""
        return self.path / "secrets.json"

    @property
    def operators_file(self) -> Path:
        """The settings of the administrators' commands, mode 0600; those of the last run stay when the stack has ended."""
        return self.path / "operators.json"

    @property
    def outside(self) -> Path:
        """The folder of this stack's PostgreSQL when the checkout cannot be entered by its user."""
        return OUTSIDE / self.digest

    @property
    def digest(self) -> str:
        """A short name that no other folder of this machine has."""
        return hashlib.sha256(str(self.path).encode()).hexdigest()[:16]

    def inside(self, name: str) -> "StackFolder":
        """A stack within this one's folder: ended and deleted along with it."""
        return StackFolder(self.path / name, self.path / name / "stack.json")

    def make(self) -> None:
        """Create the folder and its logs, closed to other users where they hold secrets or personal data."""
        self.path.mkdir(parents=True, exist_ok=True)
        self.logs.mkdir(mode=0o700, exist_ok=True)


RUN = StackFolder(VAR / "run", VAR / "stack.json")
TEST = StackFolder(VAR / "test", VAR / "test" / "stack.json")
