"""« Mon compte »: who is connected, own sessions, what was done (K16, K35)."""

import asyncio
from datetime import date
from typing import Annotated
from uuid import UUID

from espace_contracts import errors, identity
from fastapi import APIRouter, Depends
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from gateway import flash, french
from gateway.account_list import browser_of, lines
from gateway.forms import read_form, text
from gateway.rendering import page
from gateway.session import MEMBER, Visitor

router = APIRouter()
SHOWN = 10
ALL = 200
Member = Annotated[Visitor, Depends(MEMBER)]
Form = Annotated[FormData, Depends(read_form)]


@router.get("/compte")
async def show_account(request: Request, visitor: Member) -> Response:
    """The facts of the account, what it has switched off, its open sessions, the newest of its journal."""
    bus, token = request.app.state.bus, identity.SessionToken(token_hash=visitor.hash)
    own, contact, preferences, journal = await asyncio.gather(
        bus.call(identity.LIST_SESSIONS, token),
        bus.call(identity.GET_CONTACT, token),
        bus.call(identity.GET_PREFERENCES, token),
        bus.call(identity.READ_JOURNAL, identity.ReadJournal(token_hash=visitor.hash)),
    )
    shown = {"contact": contact, "preferences": preferences, "done": lines(journal.entries)[:SHOWN]}
    return page(request, "account.html", tab="", sessions=own.sessions, browser_of=browser_of, **shown)


@router.post("/compte/mails")
async def set_mails(request: Request, visitor: Member, form: Form) -> Response:
    """Switch the daily mail on payments off, or on again."""
    wanted = text(form, "recevoir") == "oui"
    change = identity.SetPreferences(token_hash=visitor.hash, payment_mails=wanted)
    await request.app.state.bus.call(identity.SET_PREFERENCES, change)
    response = RedirectResponse("/compte", 303)
    flash.say(response, "mails_on" if wanted else "mails_off")
    return response


@router.get("/compte/journal")
async def show_journal(request: Request, visitor: Member, du: str = "", au: str = "") -> Response:
    """The journal of a period or the whole, as far as one page goes; a day that is none filters nothing."""
    days: dict[str, date | None] = {}
    faults = []
    for name, typed in (("du", du), ("au", au)):
        try:
            days[name] = french.read_day(typed)
        except ValueError:
            days[name] = None
            faults.append(name)
    wanted = identity.ReadJournal(token_hash=visitor.hash, limit=ALL, start=days["du"], end=days["au"])
    journal = await request.app.state.bus.call(identity.READ_JOURNAL, wanted)
    values = {"done": lines(journal.entries), "start": du, "end": au, "faults": faults}
    return page(request, "account_journal.html", tab="", status=422 if faults else 200, **values)


@router.post("/compte/sessions/fermer")
async def close_others(request: Request, visitor: Member, form: Form) -> Response:
    """« Déconnecter partout »: every session but this one."""
    return await _close(request, visitor, None, say="others_closed")


@router.post("/compte/sessions/{session_id}/fermer")
async def close_one(request: Request, session_id: UUID, visitor: Member, form: Form) -> Response:
    """« Fermer »: one of the own sessions; one that is over already is closed as well."""
    return await _close(request, visitor, session_id, say="one_closed")


async def _close(request: Request, visitor: Visitor, session_id: UUID | None, *, say: str) -> Response:
    wanted = identity.EndOwnSessions(token_hash=visitor.hash, session_id=session_id)
    response = RedirectResponse("/compte", 303)
    try:
        await request.app.state.bus.call(identity.END_SESSIONS, wanted)
    except errors.NotFound:
        return response
    if session_id == visitor.known.session_id:
        request.app.state.sessions.forget(visitor.secret)
    flash.say(response, say)
    return response
