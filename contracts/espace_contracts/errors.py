"""Refusals: what a method answers when it will not do what was asked.

Each class has a stable `code`. On the wire a refusal is nameko's error object with two more members,
`code` and `fields`; its class is found again by `REFUSALS` at the caller's. Everything that is not a
refusal is an incident: the caller only learns its reference.
"""

from typing import ClassVar


class Refusal(Exception):
    """A typed "no": nothing was changed.

    *message* is English and for developers; *fields* names the faulty members of the request.
    """

    code: ClassVar[str] = "refused"

    def __init__(self, message: str = "", fields: str = "") -> None:
        super().__init__(message, fields)
        self.message = message
        self.fields = tuple(fields.split(",")) if fields else ()

    def __str__(self) -> str:
        return self.message or self.code


class InvalidRequest(Refusal):
    """The request does not have the shape or the values that the contract states."""

    code = "invalid_request"


class NotAllowed(Refusal):
    """The broker-validated caller has no right to this method or this thing."""

    code = "not_allowed"


class NotFound(Refusal):
    """There is no such thing, or it is somebody else's: the two are not told apart."""

    code = "not_found"


class Conflict(Refusal):
    """The thing is no longer in the state that the request assumes."""

    code = "conflict"


class KeyReused(Refusal):
    """The idempotency key was used before with another request."""

    code = "idempotency_key_reused"


class TooManyAttempts(Refusal):
    """Come back later; *fields* carries the seconds to wait."""

    code = "too_many_attempts"

    @property
    def retry_after(self) -> int:
        """Seconds to wait."""
        return int(self.fields[0]) if self.fields else 1


class CursorTooOld(Refusal):
    """Events after this cursor are kept no longer: the reader has missed some (they are kept 30 days by default, R2).

    Whoever begins anew without a cursor gets the oldest kept ones, and knows some of them already by their ids.
    """

    code = "cursor_too_old"


class DeadlineExceeded(Refusal):
    """The call's deadline had passed before its work could be committed: nothing was changed."""

    code = "deadline_exceeded"


class WrongCredentials(Refusal):
    """Identifier and password do not open a session; which of the two is never told."""

    code = "wrong_credentials"


class RobotRequired(Refusal):
    """Try again with the robot box solved: too many attempts fail everywhere, and the address is not known."""

    code = "robot_required"


class SessionInvalid(Refusal):
    """There is no live session behind this token."""

    code = "session_invalid"


class LinkInvalid(Refusal):
    """The link is unknown, used, replaced by a newer one or expired."""

    code = "link_invalid"


class WeakPassword(Refusal):
    """The new password breaks rules; *fields* names them: min_length, uppercase, special, max_length, common."""

    code = "weak_password"


class ResetRefused(Refusal):
    """The form behind a reset link is faulty; *fields* names every fault at once.

    identifier, repeated (the two passwords differ), robot, and the rules that the password breaks, as in WeakPassword.
    """

    code = "reset_refused"


class IdentifierTaken(Refusal):
    """The wanted identifier cannot be had."""

    code = "identifier_taken"


class FileRefused(Refusal):
    """The file cannot be accepted; *fields* carries one reason.

    empty, too_large, wrong_type, unreadable, encrypted, unsafe (it holds scripts, macros, embedded files or a bomb), or
    quota: the employer's documents take up all the room that they have.
    """

    code = "file_refused"


class Incident(Exception):
    """Something broke on the other side; *reference* is what its log carries."""

    code: ClassVar[str] = "incident"

    def __init__(self, reference: str = "") -> None:
        super().__init__(reference)
        self.reference = reference


class Unavailable(Exception):
    """No answer within the deadline, or no bus: nobody knows whether the call was executed."""

    code: ClassVar[str] = "unavailable"


def _with_subclasses(root: type[Refusal]) -> list[type[Refusal]]:
    return [root, *(found for child in root.__subclasses__() for found in _with_subclasses(child))]


REFUSALS: dict[str, type[Refusal]] = {refusal.__name__: refusal for refusal in _with_subclasses(Refusal)}
