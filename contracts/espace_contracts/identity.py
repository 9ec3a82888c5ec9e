"""The service `identity`: accounts, credentials, sessions, mails."""

from hashlib import sha256
from typing import ClassVar, Literal

from pydantic import Field

from espace_contracts import errors
from espace_contracts.envelope import EventData
from espace_contracts.funder import Employer
from espace_contracts.rpc import FUNDER, GATEWAY, Answer, Done, Method, Request, Write
from espace_contracts.types import Email, Funder, Id, Instant, Message, Sealed, Sha256, Siret, Text, TokenHash

SERVICE = "identity"
EXCHANGE = "identity.events"
AccountState = Literal["provisional", "pending_confirmation", "active", "disabled"]


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


class CreateAccount(Write):
    """Open an employer's account (S2)."""

    employer: Employer
    funder: Funder


class AccountAnswer(Answer):
    """An account as the funder sees it."""

    account_id: Id
    siret: Siret
    state: AccountState
    created: bool = Field(description="false when the employer already had one: then nothing was mailed")


class NewSession(Request):
    """A session that the gateway is about to hand out; the token itself never travels."""

    token_hash: TokenHash
    remote_address: Text
    user_agent: str = Field(max_length=400)


class OpenSession(Request):
    """Log in (S15)."""

    identifier: str = Field(max_length=1000)
    password: Sealed
    session: NewSession


class SessionToken(Request):
    """The session that the caller means."""

    token_hash: TokenHash


class SessionWrite(Write):
    """A change on behalf of the person behind this session."""

    token_hash: TokenHash


class Session(Answer):
    """A live session and what a page needs to know of its account."""

    session_id: Id
    account_id: Id
    siret: Siret
    legal_name: Text
    identifier: Text
    contact_email: Email
    masked_contact_email: Text
    state: AccountState
    pending_identifier: Text | None = None
    policy_accepted: bool
    funder: Funder | None = None
    opened_at: Instant
    last_login_at: Instant | None = None
    idle_expires_at: Instant
    absolute_expires_at: Instant


class Personalise(SessionWrite):
    """Choose the own identifier and password in the first-login wizard (S5)."""

    identifier: str = Field(max_length=1000)
    password: Sealed


class Personalised(Answer):
    """What the page « Consultez votre messagerie » shows."""

    identifier: Text
    masked_contact_email: Text
    link_expires_at: Instant


class LinkToken(Request):
    """The link that was followed, by the hash of its token."""

    token_hash: TokenHash


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


class RequestPasswordReset(Request):
    """« Mot de passe oublié » (S16): answered alike, and as fast, whether the identifier exists or not."""

    identifier: str = Field(max_length=1000)
    remote_address: Text


class RemindIdentifier(Request):
    """« Identifiant oublié » (S16): the identifier goes to this address if it is an employer's contact."""

    contact_email: str = Field(max_length=1000)
    remote_address: Text


class SolvedChallenge(Message):
    """A challenge of the robot box that the gateway has found solved; identity takes each one once (K14)."""

    digest: Sha256
    expires_at: Instant


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


class OwnSession(Answer):
    """One of the account's live sessions."""

    session_id: Id
    current: bool
    opened_at: Instant
    last_seen_at: Instant
    remote_address: Text
    user_agent: str


class OwnSessions(Answer):
    """The account's live sessions, the latest opened first."""

    sessions: tuple[OwnSession, ...]


class EndOwnSessions(SessionWrite):
    """End one session of the account, or all but the caller's (« déconnecter partout »)."""

    session_id: Id | None = None


class ReadJournal(Request):
    """« Journal du compte »: what was done in the space of the employer behind this session."""

    token_hash: TokenHash
    limit: int = Field(default=50, ge=1, le=200)


class JournalEntry(Answer):
    """One thing that was done: *action* is a stable word, *subject* a payment's number or a document's kind."""

    at: Instant
    action: Text
    succeeded: bool
    who: Text | None = Field(default=None, description="the identifier of the person's account, if one did it")
    subject: Text | None = None


class Journal(Answer):
    """The newest entries first."""

    entries: tuple[JournalEntry, ...]


class ReissueCredentials(Write):
    """Mail fresh provisional credentials to an employer who has not finished the first login (S3)."""

    siret: Siret
    contact_email: Email | None = Field(
        default=None, description="the contact address from now on; the old one is told"
    )


class DisableAccount(Write):
    """The employer's accounts open no session any more, from now on."""

    siret: Siret
    reason: Text


_GATEWAY = frozenset({GATEWAY})
_FUNDER = frozenset({FUNDER})

CREATE_ACCOUNT = Method(
    SERVICE, "create_account", CreateAccount, AccountAnswer, _FUNDER, (errors.KeyReused,), identified=False
)
OPEN_SESSION = Method(
    SERVICE, "open_session", OpenSession, Session, _GATEWAY, (errors.WrongCredentials, errors.TooManyAttempts)
)
CHECK_SESSION = Method(SERVICE, "check_session", SessionToken, Session, _GATEWAY, (errors.SessionInvalid,))
CLOSE_SESSION = Method(SERVICE, "close_session", SessionToken, Done, _GATEWAY)
PERSONALISE = Method(
    SERVICE,
    "personalise",
    Personalise,
    Personalised,
    _GATEWAY,
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
    _GATEWAY,
    (errors.SessionInvalid, errors.Conflict, errors.TooManyAttempts),
)
GET_CONFIRMATION = Method(SERVICE, "get_confirmation", LinkToken, ConfirmationLink, _GATEWAY, (errors.LinkInvalid,))
CONFIRM_IDENTIFIER = Method(
    SERVICE,
    "confirm_identifier",
    ConfirmIdentifier,
    Session,
    _GATEWAY,
    (errors.LinkInvalid, errors.WrongCredentials, errors.IdentifierTaken, errors.TooManyAttempts),
)
ACCEPT_PRIVACY_POLICY = Method(
    SERVICE,
    "accept_privacy_policy",
    AcceptPrivacyPolicy,
    Session,
    _GATEWAY,
    (errors.SessionInvalid, errors.Conflict),
)

REQUEST_PASSWORD_RESET = Method(
    SERVICE, "request_password_reset", RequestPasswordReset, Done, _GATEWAY, (errors.TooManyAttempts,)
)
REMIND_IDENTIFIER = Method(SERVICE, "remind_identifier", RemindIdentifier, Done, _GATEWAY, (errors.TooManyAttempts,))
GET_RESET_LINK = Method(SERVICE, "get_reset_link", LinkToken, Done, _GATEWAY, (errors.LinkInvalid,))
RESET_PASSWORD = Method(
    SERVICE,
    "reset_password",
    ResetPassword,
    Done,
    _GATEWAY,
    (errors.LinkInvalid, errors.InvalidRequest, errors.ResetRefused, errors.TooManyAttempts),
)
SEND_ROBOT_CODE = Method(
    SERVICE, "send_robot_code", SendRobotCode, Done, _GATEWAY, (errors.LinkInvalid, errors.TooManyAttempts)
)
LIST_SESSIONS = Method(SERVICE, "list_sessions", SessionToken, OwnSessions, _GATEWAY, (errors.SessionInvalid,))
END_SESSIONS = Method(SERVICE, "end_sessions", EndOwnSessions, Done, _GATEWAY, (errors.SessionInvalid, errors.NotFound))
READ_JOURNAL = Method(SERVICE, "read_journal", ReadJournal, Journal, _GATEWAY, (errors.SessionInvalid,))
REISSUE_CREDENTIALS = Method(
    SERVICE,
    "reissue_credentials",
    ReissueCredentials,
    AccountAnswer,
    _FUNDER,
    (errors.NotFound, errors.Conflict, errors.KeyReused),
    identified=False,
)
DISABLE_ACCOUNT = Method(
    SERVICE,
    "disable_account",
    DisableAccount,
    AccountAnswer,
    _FUNDER,
    (errors.NotFound, errors.KeyReused),
    identified=False,
)

EVENTS: tuple[type[EventData], ...] = (
    AccountCreated,
    ProvisionalCredentialsSent,
    IdentifierChangeRequested,
    IdentifierChangeConfirmed,
    PasswordResetRequested,
    PasswordChanged,
    PrivacyPolicyAccepted,
    AccountDisabled,
    SessionEnded,
)
METHODS = (
    CREATE_ACCOUNT,
    OPEN_SESSION,
    CHECK_SESSION,
    CLOSE_SESSION,
    PERSONALISE,
    RESEND_CONFIRMATION,
    GET_CONFIRMATION,
    CONFIRM_IDENTIFIER,
    ACCEPT_PRIVACY_POLICY,
    REQUEST_PASSWORD_RESET,
    REMIND_IDENTIFIER,
    GET_RESET_LINK,
    RESET_PASSWORD,
    SEND_ROBOT_CODE,
    LIST_SESSIONS,
    END_SESSIONS,
    READ_JOURNAL,
    REISSUE_CREDENTIALS,
    DISABLE_ACCOUNT,
)
