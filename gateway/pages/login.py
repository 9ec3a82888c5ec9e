"""Logging in and out (S15)."""

from typing import Annotated, Any

from espace_contracts import errors, identity
from fastapi import APIRouter, Depends
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from chassis.sealing import seal
from gateway.forms import read_form, text
from gateway.rendering import page
from gateway.security import local_path, new_token
from gateway.session import EVERYBODY, Stage, Visitor, new_session, place_of, stage_of

router = APIRouter()
NO_FAULT: dict[str, Any] = {"fault": "", "seconds": 0, "robot": False}
LARGEST = 1000  # characters of an identifier or password that are looked at


@router.get("/")
async def root(visitor: Annotated[Visitor, Depends(EVERYBODY)]) -> Response:
    """Lead to where the visitor belongs."""
    return RedirectResponse(place_of(visitor.stage), 303)


@router.get("/connexion")
async def show_login(request: Request, visitor: Annotated[Visitor, Depends(EVERYBODY)], suite: str = "") -> Response:
    """The login page; people who are logged in go on."""
    if visitor.stage is not Stage.ANONYMOUS:
        return RedirectResponse(place_of(visitor.stage), 303)
    return page(request, "login.html", identifier="", back=local_path(suite) or "", **NO_FAULT)


@router.post("/connexion")
async def log_in(
    request: Request,
    visitor: Annotated[Visitor, Depends(EVERYBODY)],
    form: Annotated[FormData, Depends(read_form)],
) -> Response:
    """Open a session with a new token, then lead on."""
    identifier, password = text(form, "identifiant"), text(form, "mot-de-passe")
    back = local_path(text(form, "suite")) or ""
    robot = text(form, "robot")
    known = {"identifier": identifier[:LARGEST], "back": back, "seconds": 0, "robot": bool(robot)}
    if not identifier.strip() or not password or max(len(identifier), len(password)) > LARGEST:
        return page(request, "login.html", status=422, fault="wrong_credentials", **known)
    token = new_token()
    state = request.app.state
    wanted = identity.OpenSession(
        identifier=identifier,
        password=seal(state.settings.identity_public_key, password),
        session=new_session(request, token),
        solved=state.robot.solved(robot),
    )
    try:
        session = await state.bus.call(identity.OPEN_SESSION, wanted)
    except errors.WrongCredentials:
        return page(request, "login.html", status=422, fault="wrong_credentials", **known)
    except errors.RobotRequired:
        return page(request, "login.html", status=422, fault="robot", **known | {"robot": True})
    except errors.TooManyAttempts as exc:
        shown = page(request, "login.html", status=429, fault="too_many", **known | {"seconds": exc.retry_after})
        shown.headers["Retry-After"] = str(exc.retry_after)
        return shown
    stage = stage_of(session)
    response = RedirectResponse(back if back and stage is Stage.MEMBER else place_of(stage), 303)
    hand_out(request, response, token, session)
    return response


def hand_out(request: Request, response: Response, token: str, session: identity.Session) -> None:
    """Give the browser the token of *session*."""
    request.app.state.sessions.remember(token, session)
    cookies = request.app.state.cookies
    cookies.set(response, cookies.session, token)


@router.post("/deconnexion")
async def log_out(
    request: Request,
    visitor: Annotated[Visitor, Depends(EVERYBODY)],
    form: Annotated[FormData, Depends(read_form)],
) -> Response:
    """End the session here and at identity."""
    state = request.app.state
    response = RedirectResponse("/connexion", 303)
    if visitor.stage is not Stage.ANONYMOUS:
        state.sessions.forget(visitor.secret)
        await state.bus.call(identity.CLOSE_SESSION, identity.SessionToken(token_hash=visitor.hash))
    state.cookies.drop(response, state.cookies.session)
    return response
