"""Who is behind a request: the session cookie, what is remembered of it, and which pages it opens."""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any, Protocol
from urllib.parse import urlencode, urlsplit

from espace_contracts import errors, identity
from espace_contracts.envelope import Event, EventData
from espace_contracts.rpc import AnswerT, Method, RequestT
from espace_contracts.types import Actor
from fastapi import Request
from starlette.responses import Response

from gateway.security import (
    SAFE_METHODS,
    Forged,
    csrf_matches,
    csrf_token,
    local_path,
    new_token,
    origin_of,
    token_hash,
)


class Bus(Protocol):
    """What the gateway needs of the bus client."""

    changed_at: float  # when the connection was made or lost, monotonic

    @property
    def connected(self) -> bool:
        """Whether a call would leave now."""

    async def start(self) -> None:
        """Begin to connect."""

    async def close(self) -> None:
        """End the connection."""

    async def call(self, method: Method[RequestT, AnswerT], request: RequestT) -> AnswerT:
        """The answer of a remote method. Raises its refusals, Unavailable or Incident."""

    def listen(self, data_class: type[EventData], callback: Callable[[Event[Any]], None]) -> None:
        """Hear every event of a type on a queue of this process."""

    def on_disconnect(self, callback: Callable[[], None]) -> None:
        """Hear that the connection was lost."""


class Stage(Enum):
    """How far somebody has come; each page says whom it is for."""

    ANONYMOUS = "anonymous"
    FIRST_LOGIN = "first_login"  # provisional credentials: the wizard and nothing else (S4)
    POLICY = "policy"  # the privacy policy comes before any content (S12)
    MEMBER = "member"


@dataclass(frozen=True)
class Visitor:
    """The person behind a request. *secret* is the cookie value that the anti-forgery token belongs to."""

    stage: Stage
    secret: str
    is_new: bool = False
    session: identity.Session | None = None

    @property
    def csrf(self) -> str:
        """The anti-forgery token of this visitor's forms."""
        return csrf_token(self.secret)

    @property
    def known(self) -> identity.Session:
        """The session; only asked for where the gate has let nobody else in."""
        if self.session is None:
            raise errors.SessionInvalid("this page is for people who are logged in")
        return self.session

    @property
    def actor(self) -> Actor:
        """The person, as the services keep it beside what was done."""
        return Actor(account_id=self.known.account_id, name=self.known.identifier)

    @property
    def hash(self) -> str:
        """The hash of the session's token."""
        return token_hash(self.secret)


@dataclass(frozen=True)
class Cookies:
    """Names and attributes of our two cookies; over TLS they carry the `__Host-` prefix (K15)."""

    secure: bool

    @property
    def session(self) -> str:
        """Holds the session's token."""
        return "__Host-session" if self.secure else "session"

    @property
    def visit(self) -> str:
        """Holds a random value for forms that come before any session."""
        return "__Host-visit" if self.secure else "visit"

    def set(self, response: Response, name: str, value: str) -> None:
        """Give the browser *value* until it closes."""
        response.set_cookie(name, value, path="/", httponly=True, samesite="lax", secure=self.secure)

    def drop(self, response: Response, name: str) -> None:
        """Make the browser forget it."""
        response.delete_cookie(name, path="/", httponly=True, samesite="lax", secure=self.secure)


class Sessions:
    """Sessions as identity knows them, believed for a few seconds so that a page costs no extra call."""

    def __init__(self, bus: Bus, *, seconds: float, largest: int = 10_000) -> None:
        self._bus = bus
        self._seconds = seconds
        self._largest = largest
        self._known: OrderedDict[str, tuple[float, identity.Session]] = OrderedDict()

    async def find(self, token: str) -> identity.Session | None:
        """The live session of *token*, or None. Raises Unavailable when identity does not answer."""
        key = token_hash(token)
        entry = self._known.get(key)
        if entry and time.monotonic() - entry[0] < self._seconds:
            return entry[1]
        self._known.pop(key, None)
        try:
            session = await self._bus.call(identity.CHECK_SESSION, identity.SessionToken(token_hash=key))
        except errors.SessionInvalid:
            return None
        self.remember(token, session)
        return session

    def remember(self, token: str, session: identity.Session) -> None:
        """Identity has just said so."""
        self._known[token_hash(token)] = (time.monotonic(), session)
        while len(self._known) > self._largest:
            self._known.popitem(last=False)

    def forget(self, token: str) -> None:
        """Ask identity again at the next request."""
        self._known.pop(token_hash(token), None)

    def forget_all(self) -> None:
        """Endings may have been missed: the bus was away."""
        self._known.clear()

    def ended(self, event: Event[identity.SessionEnded]) -> None:
        """A session ended somewhere, or all of an account."""
        data = event.data
        if data.token_hash is not None:
            self._known.pop(data.token_hash, None)
            return
        for key in [key for key, (_, known) in self._known.items() if known.account_id == data.account_id]:
            del self._known[key]


class Redirected(Exception):
    """This page is not for this visitor now; *location* is."""

    def __init__(self, location: str) -> None:
        super().__init__(location)
        self.location = location


class LoginRequired(Exception):
    """The API tells programs so; people are redirected."""


class NotYet(Exception):
    """A session whose first login or policy is not finished called the API."""


def stage_of(session: identity.Session | None) -> Stage:
    """Which pages this session opens."""
    if session is None or session.state == "disabled":
        return Stage.ANONYMOUS
    if session.state != "active":
        return Stage.FIRST_LOGIN
    return Stage.MEMBER if session.policy_accepted else Stage.POLICY


def place_of(visitor_stage: Stage) -> str:
    """Where somebody at this stage belongs."""
    return {
        Stage.ANONYMOUS: "/connexion",
        Stage.FIRST_LOGIN: "/premiere-connexion",
        Stage.POLICY: "/confidentialite",
        Stage.MEMBER: "/accueil",
    }[visitor_stage]


def return_address(request: Request) -> str:
    """The page to come back to after logging in: of a form that was sent the page that it stood on, or its section."""
    if request.method not in SAFE_METHODS:
        page = urlsplit(request.headers.get("referer", ""))
        own = origin_of(request.app.state.settings.public_url) == f"{page.scheme}://{page.netloc}"
        stood_on = local_path(page.path + (f"?{page.query}" if page.query else "")) if own else None
        return stood_on or "/" + request.url.path.split("/")[1]
    return request.url.path + (f"?{request.url.query}" if request.url.query else "")


class Gate:
    """The dependency of each route: who may pass. Lets through a Visitor, sends others where they belong.

    *writes* marks the API's routes that change something: they want the header `X-CSRF-Token` as well. Pages
    carry the token in their forms, and check it where they read them.
    """

    def __init__(self, *stages: Stage, api: bool = False, writes: bool = False) -> None:
        self.stages = frozenset(stages)
        self.api = api
        self.writes = writes

    async def __call__(self, request: Request) -> Visitor:
        """The visitor. Raises Redirected, or LoginRequired, NotYet and Forged on the API."""
        visitor = await visitor_of(request)
        if visitor.stage in self.stages:
            if self.writes and not csrf_matches(request.headers.get("x-csrf-token", ""), (visitor.secret,)):
                raise Forged
            return visitor
        if self.api:
            raise LoginRequired if visitor.stage is Stage.ANONYMOUS else NotYet
        place = place_of(visitor.stage)
        if visitor.stage is Stage.ANONYMOUS:
            place += "?" + urlencode({"suite": return_address(request)})
        raise Redirected(place)


async def visitor_of(request: Request) -> Visitor:
    """Who sends this request; asked once a request."""
    if (known := getattr(request.state, "visitor", None)) is not None:
        return known
    cookies, sessions = request.app.state.cookies, request.app.state.sessions
    token = request.cookies.get(cookies.session)
    session = await sessions.find(token) if token else None
    stage = stage_of(session)
    if stage is Stage.ANONYMOUS or token is None:
        visit = request.cookies.get(cookies.visit)
        visitor = Visitor(Stage.ANONYMOUS, visit or new_token(), is_new=not visit)
    else:
        visitor = Visitor(stage, token, session=session)
    request.state.visitor = visitor
    return visitor


EVERYBODY = Gate(*Stage)
FIRST_LOGIN = Gate(Stage.FIRST_LOGIN)
CONFIRMED = Gate(Stage.POLICY, Stage.MEMBER)
POLICY = Gate(Stage.POLICY)
MEMBER = Gate(Stage.MEMBER)
API_MEMBER = Gate(Stage.MEMBER, api=True)
API_MEMBER_WRITES = Gate(Stage.MEMBER, api=True, writes=True)
API_SESSION_WRITES = Gate(Stage.FIRST_LOGIN, Stage.POLICY, Stage.MEMBER, api=True, writes=True)
API_SESSION = Gate(Stage.FIRST_LOGIN, Stage.POLICY, Stage.MEMBER, api=True)
API_EVERYBODY = Gate(*Stage, api=True)


def new_session(request: Request, token: str) -> identity.NewSession:
    """What identity records of a session that is about to be handed out."""
    address = request.client.host if request.client else "unknown"
    agent = request.headers.get("user-agent", "")[:400]
    return identity.NewSession(token_hash=token_hash(token), remote_address=address, user_agent=agent)
