"""The API's session: open, look at, close."""

from typing import Annotated

from espace_contracts import identity
from fastapi import Depends, Request, Response
from pydantic import BaseModel, Field

from chassis.sealing import seal
from gateway.api.exactness import ExactRoute
from gateway.api.shapes import OpenedSession, problems
from gateway.pages.login import hand_out
from gateway.routing import Section, below
from gateway.security import csrf_token, new_token
from gateway.session import API_EVERYBODY, API_SESSION, API_SESSION_WRITES, Visitor, new_session

router = Section(below("/api/v1/session"), tags=["session"], route_class=ExactRoute)


class Credentials(BaseModel):
    """What a person types to log in."""

    identifier: str = Field(min_length=1, max_length=1000, examples=["paie.tilleuls"])
    password: str = Field(min_length=1, max_length=1000)
    robot: str = Field(
        default="", max_length=4000, description="a solution of `/robot/defi` (ALTCHA), after `robot_required`"
    )


def _shown(session: identity.Session, token: str) -> OpenedSession:
    facts = session.model_dump(include=set(OpenedSession.model_fields) - {"csrf_token"})
    return OpenedSession(csrf_token=csrf_token(token), **facts)


@router.post("/session", status_code=201, responses=problems(403, 422, 429, 503))
async def open_session(
    request: Request,
    response: Response,
    credentials: Credentials,
    visitor: Annotated[Visitor, Depends(API_EVERYBODY)],
) -> OpenedSession:
    """Log in. The answer sets the session cookie and carries the token for requests that change something."""
    token = new_token()
    wanted = identity.OpenSession(
        identifier=credentials.identifier,
        password=seal(request.app.state.settings.identity_public_key, credentials.password),
        session=new_session(request, token),
        solved=request.app.state.robot.solved(credentials.robot),
    )
    session = await request.app.state.bus.call(identity.OPEN_SESSION, wanted)
    hand_out(request, response, token, session)
    return _shown(session, token)


@router.get("/session", responses=problems(401, 503))
async def show_session(visitor: Annotated[Visitor, Depends(API_SESSION)]) -> OpenedSession:
    """The session behind the cookie."""
    return _shown(visitor.known, visitor.secret)


@router.delete("/session", status_code=204, responses=problems(401, 403, 503))
async def close_session(
    request: Request, response: Response, visitor: Annotated[Visitor, Depends(API_SESSION_WRITES)]
) -> None:
    """Log out."""
    state = request.app.state
    state.sessions.forget(visitor.secret)
    await state.bus.call(identity.CLOSE_SESSION, identity.SessionToken(token_hash=visitor.hash))
    state.cookies.drop(response, state.cookies.session)
