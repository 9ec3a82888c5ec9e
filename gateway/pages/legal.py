"""Privacy policy, legal notice, accessibility statement: for everybody; accepting the policy (S12)."""

from typing import Annotated

from espace_contracts import identity
from fastapi import APIRouter, Depends
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from gateway.forms import read_form, text
from gateway.rendering import page
from gateway.session import EVERYBODY, POLICY, Stage, Visitor

router = APIRouter()


def _policy(request: Request, visitor: Visitor, *, status: int = 200, fault: str = "") -> Response:
    template = "policy_to_accept.html" if visitor.stage is Stage.POLICY else "policy.html"
    version = request.app.state.settings.policy_version
    return page(request, template, status=status, fault=fault, policy_version=version)


@router.get("/confidentialite")
async def show_policy(request: Request, visitor: Annotated[Visitor, Depends(EVERYBODY)]) -> Response:
    """The policy, with the form that accepts it where that is due."""
    return _policy(request, visitor)


@router.post("/confidentialite")
async def accept_policy(
    request: Request,
    visitor: Annotated[Visitor, Depends(POLICY)],
    form: Annotated[FormData, Depends(read_form)],
) -> Response:
    """Record the acceptance, then open the space."""
    if not text(form, "accord"):
        return _policy(request, visitor, status=422, fault="not_ticked")
    state = request.app.state
    accepted = identity.AcceptPrivacyPolicy(
        token_hash=visitor.hash, policy_version=text(form, "version")[:200] or state.settings.policy_version
    )
    session = await state.bus.call(identity.ACCEPT_PRIVACY_POLICY, accepted)
    state.sessions.remember(visitor.secret, session)
    return RedirectResponse("/accueil", 303)


@router.get("/mentions-legales")
async def show_notice(request: Request, visitor: Annotated[Visitor, Depends(EVERYBODY)]) -> Response:
    """Who runs this space."""
    return page(request, "legal_notice.html")


@router.get("/accessibilite")
async def show_accessibility(request: Request, visitor: Annotated[Visitor, Depends(EVERYBODY)]) -> Response:
    """What works for whom, and whom to tell when something does not."""
    return page(request, "accessibility.html")
