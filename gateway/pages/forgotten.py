"""« Mot de passe oublié » and « Identifiant oublié »: chapter 2 of the guide (S16 to S22)."""

from datetime import UTC, datetime
from typing import Annotated, Any

from espace_contracts import errors, identity
from espace_contracts.rpc import Done, Method, RequestT
from fastapi import APIRouter, Depends
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from chassis.sealing import seal
from gateway import flash
from gateway.forms import read_form, text
from gateway.pages.login import LARGEST
from gateway.rendering import page
from gateway.security import token_hash
from gateway.session import EVERYBODY, Visitor

router = APIRouter()
LONGEST_CODE = 100
PASSWORD_PAGES = ("forgotten_password.html", "forgotten_password_sent.html")
IDENTIFIER_PAGES = ("forgotten_identifier.html", "forgotten_identifier_sent.html")
NOTHING_TYPED: dict[str, Any] = {"typed": "", "fault": "", "seconds": 0}
Form = Annotated[FormData, Depends(read_form)]
Anybody = Annotated[Visitor, Depends(EVERYBODY)]


def remote_address(request: Request) -> str:
    """Where the request came from, for limits and the audit log."""
    return request.client.host if request.client else "unknown"


@router.get("/mot-de-passe-oublie")
async def show_password(request: Request, visitor: Anybody) -> Response:
    """Asks for the identifier only (S16)."""
    return page(request, "forgotten_password.html", **NOTHING_TYPED)


@router.get("/identifiant-oublie")
async def show_identifier(request: Request, visitor: Anybody) -> Response:
    """Asks for the contact address (S16)."""
    return page(request, "forgotten_identifier.html", **NOTHING_TYPED)


@router.post("/mot-de-passe-oublie")
async def ask_for_link(request: Request, visitor: Anybody, form: Form) -> Response:
    """A link by mail, if there is somebody to mail it to (S16)."""
    typed = text(form, "identifiant")[:LARGEST]
    wanted = identity.RequestPasswordReset(identifier=typed, remote_address=remote_address(request))
    return await _ask(request, PASSWORD_PAGES, identity.REQUEST_PASSWORD_RESET, wanted, typed)


@router.post("/identifiant-oublie")
async def ask_for_identifier(request: Request, visitor: Anybody, form: Form) -> Response:
    """The identifier by mail to the contact address, if it is one (S16)."""
    typed = text(form, "adresse")[:LARGEST]
    wanted = identity.RemindIdentifier(contact_email=typed, remote_address=remote_address(request))
    return await _ask(request, IDENTIFIER_PAGES, identity.REMIND_IDENTIFIER, wanted, typed)


async def _ask(
    request: Request, pages: tuple[str, str], method: Method[RequestT, Done], wanted: RequestT, typed: str
) -> Response:
    """The same page, as fast, whether anybody is found or not (S16, K13)."""
    form, sent = pages
    if not typed.strip():
        return page(request, form, status=422, typed=typed, fault="missing", seconds=0)
    try:
        await request.app.state.bus.call(method, wanted)
    except errors.TooManyAttempts as exc:
        late = {"typed": typed, "fault": "too_many", "seconds": exc.retry_after}
        return later(page(request, form, status=429, **late), exc)
    return page(request, sent)


def later(response: Response, exc: errors.TooManyAttempts) -> Response:
    """*response*, saying when to come back."""
    response.headers["Retry-After"] = str(exc.retry_after)
    return response


@router.get("/robot/defi")
async def robot_challenge(request: Request, visitor: Anybody) -> Response:
    """What the robot box has to solve."""
    return JSONResponse(request.app.state.robot.challenge(now=datetime.now(UTC)))


def private(response: Response) -> Response:
    """The address of a link page goes to nobody (K8)."""
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


def _form(request: Request, token: str, *, status: int = 200, **values: Any) -> Response:
    known = {"identifier": "", "faults": (), "sent": (), "code_sent": False, "seconds": 0}
    return private(page(request, "reset.html", status=status, token=token, **known | values))


def _gone(request: Request) -> Response:
    return private(page(request, "reset_link_dead.html", status=404))


@router.get("/reinitialisation/{token}")
async def show_reset(request: Request, token: str, visitor: Anybody) -> Response:
    """The page behind the mailed link; looking at it consumes nothing (K8)."""
    try:
        await request.app.state.bus.call(identity.GET_RESET_LINK, identity.LinkToken(token_hash=token_hash(token)))
    except errors.LinkInvalid:
        return _gone(request)
    return _form(request, token)


@router.post("/reinitialisation/{token}/code")
async def send_code(request: Request, token: str, visitor: Anybody, form: Form) -> Response:
    """« Recevoir un code par mail »: where no script runs, a code stands for the tick (S18)."""
    wanted = identity.SendRobotCode(token_hash=token_hash(token), remote_address=remote_address(request))
    kept: dict[str, Any] = {"identifier": text(form, "identifiant")[:LARGEST]}
    try:
        await request.app.state.bus.call(identity.SEND_ROBOT_CODE, wanted)
    except errors.LinkInvalid:
        return _gone(request)
    except errors.TooManyAttempts as exc:
        return later(_form(request, token, status=429, seconds=exc.retry_after, **kept), exc)
    return _form(request, token, code_sent=True, **kept)


@router.post("/reinitialisation/{token}")
async def reset(request: Request, token: str, visitor: Anybody, form: Form) -> Response:
    """The new password; every fault is told beside its field, and every session is ended (S18 to S20)."""
    state = request.app.state
    kept: dict[str, Any] = {
        "identifier": text(form, "identifiant")[:LARGEST],
        "code_sent": bool(text(form, "code").strip()),
    }
    try:
        await state.bus.call(identity.RESET_PASSWORD, _wanted(request, token, form))
    except errors.LinkInvalid:
        return _gone(request)
    except errors.ResetRefused as exc:
        return _form(request, token, status=422, faults=exc.fields, sent=_filled(form), **kept)
    except errors.TooManyAttempts as exc:
        return later(_form(request, token, status=429, seconds=exc.retry_after, **kept), exc)
    if visitor.session:
        state.sessions.forget(visitor.secret)
    response = RedirectResponse("/connexion", 303)
    state.cookies.drop(response, state.cookies.session)
    flash.say(response, "password_changed")
    return private(response)


def _wanted(request: Request, token: str, form: FormData) -> identity.ResetPassword:
    state, link = request.app.state, token_hash(token)
    code = text(form, "code").strip()[:LONGEST_CODE]
    password, repeated = (
        seal(state.settings.identity_public_key, text(form, name)[:LARGEST]) for name in ("mot-de-passe", "repetition")
    )
    return identity.ResetPassword(
        token_hash=link,
        identifier=text(form, "identifiant")[:LARGEST],
        password=password,
        repeated=repeated,
        solved=state.robot.solved(text(form, "robot")),
        robot_code=identity.robot_code_hash(link, code) if code else None,
        remote_address=remote_address(request),
    )


def _filled(form: FormData) -> tuple[str, ...]:
    """Which fields were not left empty: the others are asked for, not called wrong."""
    return tuple(name for name in ("identifiant", "mot-de-passe", "repetition", "robot", "code") if text(form, name))
