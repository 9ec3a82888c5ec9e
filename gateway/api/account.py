"""The API's account: who is connected, own sessions (K16)."""

from typing import Annotated
from uuid import UUID

from espace_contracts import identity
from espace_contracts.types import Instant
from fastapi import Depends, Request
from pydantic import BaseModel

from gateway.api.shapes import Page, problems
from gateway.routing import Section, below
from gateway.session import API_MEMBER, API_MEMBER_WRITES, Visitor

router = Section(below("/api/v1/account", "/api/v1/sessions"), tags=["account"])


class Account(BaseModel):
    """The employer's account."""

    account_id: UUID
    siret: str
    legal_name: str
    identifier: str
    contact_email: str
    last_login_at: Instant | None


@router.get("/account", responses=problems(401, 403, 503))
async def show_account(visitor: Annotated[Visitor, Depends(API_MEMBER)]) -> Account:
    """The account behind the session."""
    return Account.model_validate(visitor.known.model_dump(include=set(Account.model_fields)))


@router.get("/sessions", responses=problems(401, 403, 503))
async def list_sessions(
    request: Request, visitor: Annotated[Visitor, Depends(API_MEMBER)]
) -> Page[identity.OwnSession]:
    """The open sessions of the account, this one among them."""
    own = await request.app.state.bus.call(identity.LIST_SESSIONS, identity.SessionToken(token_hash=visitor.hash))
    return Page(items=list(own.sessions))


@router.delete("/sessions/{session_id}", status_code=204, responses=problems(401, 403, 404, 503))
async def end_session(
    request: Request, session_id: UUID, visitor: Annotated[Visitor, Depends(API_MEMBER_WRITES)]
) -> None:
    """End one of them."""
    wanted = identity.EndOwnSessions(token_hash=visitor.hash, session_id=session_id)
    await request.app.state.bus.call(identity.END_SESSIONS, wanted)
    if session_id == visitor.known.session_id:
        request.app.state.sessions.forget(visitor.secret)
