"""« Adresse de contact »: another one is asked for with the password, and confirmed behind a mailed link (S2)."""

from typing import Annotated, Any

from espace_contracts import errors, identity
from fastapi import APIRouter, Depends
from pydantic import ValidationError
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from chassis.sealing import seal
from gateway import flash
from gateway.forms import read_form, text
from gateway.pages.forgotten import later, private, remote_address
from gateway.pages.login import LARGEST
from gateway.rendering import page
from gateway.security import token_hash
from gateway.session import EVERYBODY, MEMBER, Visitor

router = APIRouter()
Form = Annotated[FormData, Depends(read_form)]
Member = Annotated[Visitor, Depends(MEMBER)]
Anybody = Annotated[Visitor, Depends(EVERYBODY)]


@router.get("/compte/adresse")
async def show_form(request: Request, visitor: Member) -> Response:
    """Asks for the address and for the password."""
    return await _form(request, visitor)


@router.post("/compte/adresse")
async def ask(request: Request, visitor: Member, form: Form) -> Response:
    """Let identity mail a link to the wanted address; the present one stays until it is followed."""
    typed, password = text(form, "adresse").strip()[:LARGEST], text(form, "mot-de-passe")[:LARGEST]
    kept: dict[str, Any] = {"address": typed, "status": 422}
    faults = {name: "missing" for name, value in (("adresse", typed), ("mot-de-passe", password)) if not value}
    try:
        wanted = _wanted(request, visitor, typed, password)
    except ValidationError:
        faults.setdefault("adresse", "invalid")
    if faults:
        return await _form(request, visitor, faults=faults, **kept)
    try:
        await request.app.state.bus.call(identity.REQUEST_CONTACT_CHANGE, wanted)
    except errors.InvalidRequest:
        return await _form(request, visitor, faults={"adresse": "same"}, **kept)
    except errors.WrongCredentials:
        return await _form(request, visitor, faults={"mot-de-passe": "wrong"}, **kept)
    except errors.TooManyAttempts as exc:
        return later(await _form(request, visitor, address=typed, status=429, seconds=exc.retry_after), exc)
    response = RedirectResponse("/compte", 303)
    flash.say(response, "contact_asked")
    return response


def _wanted(request: Request, visitor: Visitor, address: str, password: str) -> identity.RequestContactChange:
    """Raises ValidationError for what is no address."""
    return identity.RequestContactChange(
        token_hash=visitor.hash,
        contact_email=address,
        password=seal(request.app.state.settings.identity_public_key, password),
        remote_address=remote_address(request),
    )


async def _form(request: Request, visitor: Visitor, *, status: int = 200, **values: Any) -> Response:
    known = {"address": "", "faults": {}, "seconds": 0}
    session = identity.SessionToken(token_hash=visitor.hash)
    contact = await request.app.state.bus.call(identity.GET_CONTACT, session)
    return page(request, "contact_change.html", status=status, tab="", contact=contact, **known | values)


@router.get("/adresse/{token}")
async def show_link(request: Request, token: str, visitor: Anybody) -> Response:
    """The page behind the mailed link; looking at it consumes nothing (K8)."""
    wanted = identity.LinkToken(token_hash=token_hash(token))
    try:
        link = await request.app.state.bus.call(identity.GET_CONTACT_LINK, wanted)
    except errors.LinkInvalid:
        return private(page(request, "contact_link_dead.html", status=404))
    return private(page(request, "contact_confirm.html", address=link.contact_email))


@router.post("/adresse/{token}")
async def confirm(request: Request, token: str, visitor: Anybody, form: Form) -> Response:
    """The address of the link from now on; whoever reads its mails need not be logged in here."""
    wanted = identity.ConfirmContact(token_hash=token_hash(token), remote_address=remote_address(request))
    try:
        await request.app.state.bus.call(identity.CONFIRM_CONTACT, wanted)
    except errors.LinkInvalid:
        return private(page(request, "contact_link_dead.html", status=404))
    if visitor.session:
        request.app.state.sessions.forget(visitor.secret)
    return private(page(request, "contact_confirmed.html"))
