"""The two kinds of keys of identity: some open what the gateway sealed, some hide what a waiting mail must not show.

Of each kind two may be alive: the present one, and the one before it while something made with it is under way.
"""

import json
from collections.abc import Callable, Sequence
from typing import Any

from espace_contracts.errors import InvalidRequest

from chassis.sealing import CannotOpen, decrypt, encrypt, unseal


class Keys:
    """Keys are base64, the present one first; none ever leaves this object."""

    def __init__(self, *, private_keys: Sequence[str], mail_keys: Sequence[str]) -> None:
        self._private_keys = private_keys
        self._mail_keys = mail_keys

    def open_password(self, sealed: str) -> str:
        """The password that the gateway sealed; InvalidRequest when it was not sealed for us."""
        try:
            return _first(self._private_keys, lambda key: unseal(key, sealed))
        except CannotOpen as exc:
            raise InvalidRequest("not a box for this service's key", "password") from exc

    def lock(self, secret: dict[str, str]) -> bytes:
        """*secret* as the row of a mail may keep it, under the present key."""
        return encrypt(self._mail_keys[0], json.dumps(secret))

    def unlock(self, locked: bytes | None) -> dict[str, Any]:
        """What `lock` was given; CannotOpen when the key is not alive any more."""
        return json.loads(_first(self._mail_keys, lambda key: decrypt(key, bytes(locked or b"")))) if locked else {}


def _first(keys: Sequence[str], opened: Callable[[str], str]) -> str:
    """What the first fitting key opens. Raises CannotOpen when none does."""
    for key in keys[:-1]:
        try:
            return opened(key)
        except CannotOpen:
            continue
    return opened(keys[-1])
