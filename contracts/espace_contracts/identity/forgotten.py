"""Forgotten password or identifier, and the robot box (S16 to S20)."""

from hashlib import sha256

from pydantic import Field

from espace_contracts import errors
from espace_contracts.identity.challenges import SolvedChallenge
from espace_contracts.identity.links import LinkToken
from espace_contracts.identity.words import BY_GATEWAY, SERVICE
from espace_contracts.rpc import Done, Method, Request, Write
from espace_contracts.types import Sealed, Text, TokenHash


class RequestPasswordReset(Request):
    """« Mot de passe oublié » (S16): answered alike, and as fast, whether the identifier exists or not."""

    identifier: str = Field(max_length=1000)
    remote_address: Text


class RemindIdentifier(Request):
    """« Identifiant oublié » (S16): the identifier goes to this address if it is an employer's contact."""

    contact_email: str = Field(max_length=1000)
    remote_address: Text


class ResetPassword(Write):
    """Set a new password behind the mailed link (S18 to S20); opens no session, ends all.

    The robot box is passed by a solved challenge or, without script, by a mailed code (see `robot_code_hash`).
    """

    token_hash: TokenHash
    identifier: str = Field(max_length=1000)
    password: Sealed
    repeated: Sealed | None = Field(default=None, description="the same, typed again (S18); without it refused")
    solved: SolvedChallenge | None = None
    robot_code: TokenHash | None = None
    remote_address: Text


class SendRobotCode(Request):
    """« Recevoir un code par mail »: for those whose browser cannot tick the robot box (S18)."""

    token_hash: TokenHash
    remote_address: Text


def robot_code_hash(link_hash: str, code: str) -> str:
    """What stands for the mailed *code* of this link, however it was typed: without spaces, hyphens and case."""
    typed = "".join(code.split()).replace("-", "").upper()
    return sha256(f"{link_hash}:{typed}".encode()).hexdigest()


REQUEST_PASSWORD_RESET = Method(
    SERVICE, "request_password_reset", RequestPasswordReset, Done, BY_GATEWAY, (errors.TooManyAttempts,)
)
REMIND_IDENTIFIER = Method(SERVICE, "remind_identifier", RemindIdentifier, Done, BY_GATEWAY, (errors.TooManyAttempts,))
GET_RESET_LINK = Method(SERVICE, "get_reset_link", LinkToken, Done, BY_GATEWAY, (errors.LinkInvalid,))
RESET_PASSWORD = Method(
    SERVICE,
    "reset_password",
    ResetPassword,
    Done,
    BY_GATEWAY,
    (errors.LinkInvalid, errors.InvalidRequest, errors.ResetRefused, errors.TooManyAttempts),
)
SEND_ROBOT_CODE = Method(
    SERVICE, "send_robot_code", SendRobotCode, Done, BY_GATEWAY, (errors.LinkInvalid, errors.TooManyAttempts)
)
