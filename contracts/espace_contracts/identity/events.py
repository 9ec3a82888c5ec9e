"""What the service `identity` tells on its exchange."""

from typing import Annotated, ClassVar, Literal

from pydantic import StringConstraints

from espace_contracts.envelope import EventData
from espace_contracts.identity.words import EXCHANGE
from espace_contracts.types import Email, Id, Siret, Text, TokenHash


class IdentityEvent(EventData):
    """What all events of this exchange share."""

    exchange: ClassVar[str] = EXCHANGE

    account_id: Id
    siret: Siret


class AccountCreated(IdentityEvent):
    """An account exists; its provisional credentials follow by mail. Carries no secret (S3)."""

    type: ClassVar[str] = "AccountCreated.v1"


class ProvisionalCredentialsSent(IdentityEvent):
    """The mail server has accepted the mail with the provisional credentials."""

    type: ClassVar[str] = "ProvisionalCredentialsSent.v1"


class IdentifierChangeRequested(IdentityEvent):
    """New credentials were chosen; they wait for the mailed link (S8)."""

    type: ClassVar[str] = "IdentifierChangeRequested.v1"


class IdentifierChangeConfirmed(IdentityEvent):
    """The link was followed and the password typed again: the account is active (S9, S14)."""

    type: ClassVar[str] = "IdentifierChangeConfirmed.v1"


class PasswordResetRequested(IdentityEvent):
    """Somebody asked for a reset link (S16)."""

    type: ClassVar[str] = "PasswordResetRequested.v1"


class PasswordChanged(IdentityEvent):
    """The password is another one from now on."""

    type: ClassVar[str] = "PasswordChanged.v1"


class ContactConfirmed(IdentityEvent):
    """The employer has another contact address, whose holder has followed a link to it.

    It is in force at the version of the funder's last `EmployerContactChanged`: a higher one still replaces it.
    """

    type: ClassVar[str] = "ContactConfirmed.v1"

    contact_email: Email


class MailNotDelivered(IdentityEvent):
    """A mail never reached the employer: refused for ever by the mail server, or not taken for days."""

    type: ClassVar[str] = "MailNotDelivered.v1"

    mail: Text
    outcome: Literal["bounced", "given_up"]
    server_answer: Annotated[str, StringConstraints(max_length=500)]


class PrivacyPolicyAccepted(IdentityEvent):
    """The privacy policy was accepted (S12)."""

    type: ClassVar[str] = "PrivacyPolicyAccepted.v1"

    policy_version: Text


class AccountDisabled(IdentityEvent):
    """The account opens no session any more."""

    type: ClassVar[str] = "AccountDisabled.v1"


class SessionEnded(IdentityEvent):
    """One session ended, or all of the account's when no token hash is given."""

    type: ClassVar[str] = "SessionEnded.v1"

    token_hash: TokenHash | None = None


EVENTS: tuple[type[EventData], ...] = (
    AccountCreated,
    ProvisionalCredentialsSent,
    IdentifierChangeRequested,
    IdentifierChangeConfirmed,
    PasswordResetRequested,
    PasswordChanged,
    ContactConfirmed,
    MailNotDelivered,
    PrivacyPolicyAccepted,
    AccountDisabled,
    SessionEnded,
)
