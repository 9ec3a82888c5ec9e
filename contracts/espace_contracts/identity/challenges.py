"""What the robot box leaves behind."""

from espace_contracts.types import Instant, Message, Sha256


class SolvedChallenge(Message):
    """A challenge of the robot box that the gateway has found solved; identity takes each one once (K14)."""

    digest: Sha256
    expires_at: Instant
