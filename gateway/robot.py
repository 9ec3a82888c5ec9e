"""The robot box (S18, K14): ALTCHA's challenges, made and checked here, with no other site asked.

The library does not remember solutions: each one is handed to identity, which takes it once.
"""

import base64
import binascii
import hashlib
import secrets
from datetime import UTC, datetime, timedelta
from typing import Any

import altcha
import orjson
from espace_contracts.identity import SolvedChallenge

ALGORITHM = "PBKDF2/SHA-256"
ROUNDS = 5_000  # of each trial
FEWEST, MORE = 100, 400  # trials: about a second of an office computer
LIFETIME = timedelta(minutes=20)
LONGEST = 4_000  # characters of a solution


class Robot:
    """Makes challenges and knows their solutions again, in any replica with the same key.

    What was made with *previous*, the key before this one, is still known.
    """

    def __init__(self, key: str, previous: str | None = None) -> None:
        self._challenge_key = _derived(key, "challenge")
        self._answer_key = _derived(key, "answer")
        self._alive = [(_derived(one, "challenge"), _derived(one, "answer")) for one in (key, previous) if one]

    def challenge(self, *, now: datetime) -> dict[str, Any]:
        """A fresh challenge for the browser."""
        made = altcha.create_challenge(
            ALGORITHM,
            ROUNDS,
            counter=FEWEST + secrets.randbelow(MORE),
            expires_at=now + LIFETIME,
            hmac_secret=self._challenge_key,
            hmac_key_secret=self._answer_key,
        )
        return made.to_dict()

    def solved(self, solution: str) -> SolvedChallenge | None:
        """The challenge that *solution* solves; None when it solves none of ours, or too late."""
        if not solution or len(solution) > LONGEST:
            return None
        for challenge_key, answer_key in self._alive:
            if altcha.verify_solution(solution, challenge_key, hmac_key_secret=answer_key).verified:
                return _named(solution)
        return None


def _named(solution: str) -> SolvedChallenge | None:
    """By its signature, which is the same however the solution around it is written."""
    try:
        challenge = orjson.loads(base64.b64decode(solution))["challenge"]
        signature, expires_at = str(challenge["signature"]), int(challenge["parameters"]["expiresAt"])
    except (binascii.Error, ValueError, KeyError, TypeError):
        return None
    digest = hashlib.sha256(signature.lower().encode()).hexdigest()
    return SolvedChallenge(digest=digest, expires_at=datetime.fromtimestamp(expires_at, UTC))


def _derived(key: str, purpose: str) -> str:
    return hashlib.blake2b(purpose.encode(), key=key.encode()[:64], digest_size=32).hexdigest()
