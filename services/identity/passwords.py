"""Adapter to argon2id: hashing off the hub, one at a time a process (K4)."""

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError

from chassis.threads import off_hub_serially
from services.identity import domain
from services.identity.kit import Proof

UNKNOWN = "nobody's password"  # what an unknown identifier is compared with, so that it takes as long


class Passwords:
    """Hashes and compares; passwords are brought to NFC on the way in (K2)."""

    def __init__(self, *, memory_kib: int, rounds: int) -> None:
        self._hasher = PasswordHasher(time_cost=rounds, memory_cost=memory_kib, parallelism=1, type=Type.ID)
        self._dummy = self._hasher.hash(UNKNOWN)

    def hash(self, password: str) -> str:
        """The argon2id hash of *password*, salt and parameters included."""
        return off_hub_serially(self._hasher.hash, domain.normalised(password))

    def check(self, stored: str | None, password: str) -> Proof:
        """Compare *password* with *stored*; None stands for nobody, takes as long and never matches (K13)."""
        return off_hub_serially(self._check, stored, domain.normalised(password))

    def _check(self, stored: str | None, password: str) -> Proof:
        try:
            self._hasher.verify(stored or self._dummy, password)
        except (VerifyMismatchError, VerificationError, InvalidHashError):
            return Proof(matches=False)
        if stored is None:
            return Proof(matches=False)
        outdated = self._hasher.check_needs_rehash(stored)
        return Proof(matches=True, better_hash=self._hasher.hash(password) if outdated else None)
