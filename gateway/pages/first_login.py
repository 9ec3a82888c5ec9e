"""The first login: choose identifier and password, follow the mailed link, accept the policy (S4 to S13)."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated

from espace_contracts import errors, identity
from fastapi import APIRouter, Depends
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from chassis.sealing import seal
from gateway import flash
from gateway.forms import read_form, text
from gateway.pages.forgotten import later, private
from gateway.pages.login import LARGEST, hand_out
from gateway.rendering import page
from gateway.security import new_token, token_hash
from gateway.session import CONFIRMED, EVERYBODY, FIRST_LOGIN, Stage, Visitor, new_session

router = APIRouter()


@router.get("/premiere-connexion")
async def show_wizard(
    request: Request, visitor: Annotated[Visitor, Depends(FIRST_LOGIN)], corriger: str = ""
) -> Response:
    """The form, or what to do once the mail has left."""
    if visitor.known.pending_identifier and not corriger:
        return page(request, "first_login_sent.html")
    return _wizard(request, visitor.known.pending_identifier or "")


def _wizard(
    request: Request,
    identifier: str,
    *,
    status: int = 200,
    faults: Mapping[str, str] = MappingProxyType({}),
    broken_rules: tuple[str, ...] | None = None,
    seconds: int = 0,
) -> Response:
    """The form, with a word for each faulty field; *broken_rules* of the password are None before it was looked at."""
    known = {"faults": faults, "broken_rules": broken_rules, "seconds": seconds}
    return page(request, "first_login.html", status=status, identifier=identifier[:LARGEST], **known)


@router.post("/premiere-connexion")
async def choose(
    request: Request,
    visitor: Annotated[Visitor, Depends(FIRST_LOGIN)],
    form: Annotated[FormData, Depends(read_form)],
) -> Response:
    """Ask identity for the new identifier and password; a mail then carries the link."""
    identifier, password = text(form, "identifiant"), text(form, "mot-de-passe")
    state = request.app.state
    wanted = identity.Personalise(
        token_hash=visitor.hash,
        identifier=identifier[:LARGEST],
        password=seal(state.settings.identity_public_key, password[:LARGEST]),
    )
    faults: dict[str, str] = {}
    broken_rules: tuple[str, ...] | None = None
    try:
        await state.bus.call(identity.PERSONALISE, wanted)
    except errors.WeakPassword as exc:
        faults, broken_rules = {"mot-de-passe": "weak_password"}, exc.fields
    except errors.IdentifierTaken:
        faults = {"identifiant": "identifier_taken"}
    except errors.InvalidRequest as exc:
        faults = {"mot-de-passe" if "password" in exc.fields else "identifiant": "invalid"}
    except errors.TooManyAttempts as exc:
        return later(_wizard(request, identifier, status=429, seconds=exc.retry_after), exc)
    finally:
        state.sessions.forget(visitor.secret)
    if not faults:
        return RedirectResponse("/premiere-connexion", 303)
    return _wizard(request, identifier, status=422, faults=faults, broken_rules=broken_rules)


@router.post("/premiere-connexion/renvoyer")
async def send_again(
    request: Request,
    visitor: Annotated[Visitor, Depends(FIRST_LOGIN)],
    form: Annotated[FormData, Depends(read_form)],
) -> Response:
    """A new mail whose link replaces the former one (S9)."""
    state = request.app.state
    response = RedirectResponse("/premiere-connexion", 303)
    try:
        await state.bus.call(identity.RESEND_CONFIRMATION, identity.SessionWrite(token_hash=visitor.hash))
    except errors.Conflict:
        state.sessions.forget(visitor.secret)  # it was confirmed meanwhile, in another window
        return response
    flash.say(response, "mail_sent_again")
    return response


@router.get("/confirmation/{token}")
async def show_confirmation(request: Request, token: str, visitor: Annotated[Visitor, Depends(EVERYBODY)]) -> Response:
    """The page behind the mailed link; looking at it consumes nothing (K8)."""
    try:
        link = await request.app.state.bus.call(
            identity.GET_CONFIRMATION, identity.LinkToken(token_hash=token_hash(token))
        )
    except errors.LinkInvalid:
        return private(page(request, "confirmation_link_dead.html", status=404))
    return private(page(request, "confirmation.html", identifier=link.identifier, fault="", seconds=0))


@router.post("/confirmation/{token}")
async def confirm(
    request: Request,
    token: str,
    visitor: Annotated[Visitor, Depends(EVERYBODY)],
    form: Annotated[FormData, Depends(read_form)],
) -> Response:
    """The new password typed again: identifier and password take effect, a session opens (S10)."""
    state = request.app.state
    session_token = new_token()
    wanted = identity.ConfirmIdentifier(
        token_hash=token_hash(token),
        password=seal(state.settings.identity_public_key, text(form, "mot-de-passe")[:LARGEST]),
        session=new_session(request, session_token),
    )
    try:
        session = await state.bus.call(identity.CONFIRM_IDENTIFIER, wanted)
    except errors.LinkInvalid:
        return private(page(request, "confirmation_link_dead.html", status=404))
    except errors.IdentifierTaken:
        return private(page(request, "identifier_gone.html", status=422))
    except errors.WrongCredentials:
        return await _confirmation_again(request, token, status=422)
    except errors.TooManyAttempts as exc:
        return await _confirmation_again(request, token, status=429, seconds=exc.retry_after)
    if visitor.stage is not Stage.ANONYMOUS:
        state.sessions.forget(visitor.secret)
    response = RedirectResponse("/confirmation", 303)
    hand_out(request, response, session_token, session)
    return response


async def _confirmation_again(request: Request, token: str, *, status: int, seconds: int = 0) -> Response:
    link = await request.app.state.bus.call(identity.GET_CONFIRMATION, identity.LinkToken(token_hash=token_hash(token)))
    fault = "too_many" if status == 429 else "wrong_credentials"
    response = page(
        request, "confirmation.html", status=status, identifier=link.identifier, fault=fault, seconds=seconds
    )
    if seconds:
        response.headers["Retry-After"] = str(seconds)
    return private(response)


@router.get("/confirmation")
async def show_confirmed(request: Request, visitor: Annotated[Visitor, Depends(CONFIRMED)]) -> Response:
    """« Accéder à mon espace personnel » (S11)."""
    return page(request, "confirmed.html")
