"""What the use cases need besides the database, handed to each as `kit`: rules, hashing, encryption, randomness."""

import secrets
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Protocol

from services.identity.domain import Choose, Rules

TOKEN_BYTES = 32


@dataclass(frozen=True)
class Proof:
    """Whether a password matched; *better_hash* replaces the stored one when parameters have changed since."""

    matches: bool
    better_hash: str | None = None


class Hashing(Protocol):
    """Password hashes; `passwords.Passwords` in a process."""

    def hash(self, password: str) -> str:
        """A hash that `check` knows again."""

    def check(self, stored: str | None, password: str) -> Proof:
        """Compare *password* with *stored*; None stands for nobody, takes as long and never matches."""


class Locks(Protocol):
    """The two keys of identity; `keys.Keys` in a process."""

    def open_password(self, sealed: str) -> str:
        """The password that the gateway sealed; InvalidRequest when it was not sealed for us."""

    def lock(self, secret: dict[str, str]) -> bytes:
        """*secret* as the row of a mail may keep it."""

    def unlock(self, locked: bytes | None) -> dict[str, Any]:
        """What `lock` was given."""


@dataclass(frozen=True)
class Kit:
    """The equipment of one process."""

    rules: Rules
    passwords: Hashing
    keys: Locks
    choose: Choose = secrets.choice

    def new_token(self) -> tuple[str, str]:
        """A token of 256 bits for a link, and the hash under which it is kept."""
        token = secrets.token_urlsafe(TOKEN_BYTES)
        return token, sha256(token.encode()).hexdigest()
