"""The first login: own credentials, the mailed link, the privacy policy (S4 to S12)."""

from pydantic import Field

from espace_contracts import errors
from espace_contracts.identity.links import LinkToken
from espace_contracts.identity.sessions import NewSession, Session, SessionWrite
from espace_contracts.identity.words import BY_GATEWAY, SERVICE
from espace_contracts.rpc import Answer, Method, Write
from espace_contracts.types import Instant, Sealed, Text, TokenHash


class Personalise(SessionWrite):
    """Choose the own identifier and password in the first-login wizard (S5)."""

    identifier: str = Field(max_length=1000)
    password: Sealed


class Personalised(Answer):
    """What the page « Consultez votre messagerie » shows."""

    identifier: Text
    masked_contact_email: Text
    link_expires_at: Instant


class ConfirmationLink(Answer):
    """A live confirmation link: reading it consumes nothing (K8)."""

    identifier: Text


class ConfirmIdentifier(Write):
    """Type the new password again behind the mailed link (S10); opens a session."""

    token_hash: TokenHash
    password: Sealed
    session: NewSession


class AcceptPrivacyPolicy(SessionWrite):
    """Accept this version of the privacy policy (S12)."""

    policy_version: Text


PERSONALISE = Method(
    SERVICE,
    "personalise",
    Personalise,
    Personalised,
    BY_GATEWAY,
    (
        errors.SessionInvalid,
        errors.WeakPassword,
        errors.IdentifierTaken,
        errors.InvalidRequest,
        errors.Conflict,
        errors.TooManyAttempts,
    ),
)
RESEND_CONFIRMATION = Method(
    SERVICE,
    "resend_confirmation",
    SessionWrite,
    Personalised,
    BY_GATEWAY,
    (errors.SessionInvalid, errors.Conflict, errors.TooManyAttempts),
)
GET_CONFIRMATION = Method(SERVICE, "get_confirmation", LinkToken, ConfirmationLink, BY_GATEWAY, (errors.LinkInvalid,))
CONFIRM_IDENTIFIER = Method(
    SERVICE,
    "confirm_identifier",
    ConfirmIdentifier,
    Session,
    BY_GATEWAY,
    (errors.LinkInvalid, errors.WrongCredentials, errors.IdentifierTaken, errors.TooManyAttempts),
)
ACCEPT_PRIVACY_POLICY = Method(
    SERVICE,
    "accept_privacy_policy",
    AcceptPrivacyPolicy,
    Session,
    BY_GATEWAY,
    (errors.SessionInvalid, errors.Conflict),
)
