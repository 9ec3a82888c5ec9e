"""The two keys of identity: one opens what the gateway sealed, one hides what a waiting mail must not show."""

import json
from typing import Any

from espace_contracts.errors import InvalidRequest

from chassis.sealing import CannotOpen, decrypt, encrypt, unseal


class Keys:
    """Both keys are base64; neither ever leaves this object."""

    def __init__(self, *, private_key: str, mail_key: str) -> None:
        self._private_key = private_key
        self._mail_key = mail_key

    def open_password(self, sealed: str) -> str:
        """The password that the gateway sealed; InvalidRequest when it was not sealed for us."""
        try:
            return unseal(self._private_key, sealed)
        except CannotOpen as exc:
            raise InvalidRequest("not a box for this service's key", "password") from exc

    def lock(self, secret: dict[str, str]) -> bytes:
        """*secret* as the row of a mail may keep it."""
        return encrypt(self._mail_key, json.dumps(secret))

    def unlock(self, locked: bytes | None) -> dict[str, Any]:
        """What `lock` was given; CannotOpen when the key has changed."""
        return json.loads(decrypt(self._mail_key, bytes(locked))) if locked else {}
