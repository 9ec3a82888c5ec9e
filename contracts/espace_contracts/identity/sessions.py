"""Logging in, the live session and the account's own sessions (S15, K16)."""

from pydantic import Field

from espace_contracts import errors
from espace_contracts.identity.challenges import SolvedChallenge
from espace_contracts.identity.words import BY_GATEWAY, SERVICE, AccountState
from espace_contracts.rpc import Answer, Done, Method, Request, Write
from espace_contracts.types import Email, Funder, Id, Instant, Sealed, Siret, Text, TokenHash


class NewSession(Request):
    """A session that the gateway is about to hand out; the token itself never travels."""

    token_hash: TokenHash
    remote_address: Text
    user_agent: str = Field(max_length=400)


class OpenSession(Request):
    """Log in (S15). While many logins fail everywhere, an address that is not known asks for the robot box too."""

    identifier: str = Field(max_length=1000)
    password: Sealed
    session: NewSession
    solved: SolvedChallenge | None = None


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


OPEN_SESSION = Method(
    SERVICE,
    "open_session",
    OpenSession,
    Session,
    BY_GATEWAY,
    (errors.WrongCredentials, errors.TooManyAttempts, errors.RobotRequired),
)
CHECK_SESSION = Method(SERVICE, "check_session", SessionToken, Session, BY_GATEWAY, (errors.SessionInvalid,))
CLOSE_SESSION = Method(SERVICE, "close_session", SessionToken, Done, BY_GATEWAY)
LIST_SESSIONS = Method(SERVICE, "list_sessions", SessionToken, OwnSessions, BY_GATEWAY, (errors.SessionInvalid,))
END_SESSIONS = Method(
    SERVICE, "end_sessions", EndOwnSessions, Done, BY_GATEWAY, (errors.SessionInvalid, errors.NotFound)
)
