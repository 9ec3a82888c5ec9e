"""Ticks: one box at once, several by a form without script, a month or a whole search, and undo (S32)."""

import asyncio
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from espace_contracts import errors
from espace_contracts import payments as api
from espace_contracts.rpc import Method
from fastapi import APIRouter, Depends
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from gateway import flash
from gateway.forms import read_form, text, texts
from gateway.pages.payments import list_values, list_with_totals
from gateway.payment_list import rows_of
from gateway.payment_search import Search, read_search, within_month
from gateway.payment_ticking import Wish, sentence_after
from gateway.rendering import long_page, page
from gateway.session import MEMBER, Visitor

router = APIRouter()
MOST = 1000  # numbers in one request to the service


@router.post("/reglements/pointage")
async def tick(
    request: Request,
    visitor: Annotated[Visitor, Depends(MEMBER)],
    form: Annotated[FormData, Depends(read_form)],
) -> Response:
    """Tick or untick, then the page again: its changed parts for a script, whole for a form."""
    search = read_search(request.query_params)
    if search.errors:
        raise errors.InvalidRequest("the address is no search", ",".join(search.errors))
    wish = _wish(search, form)
    answers = [
        await request.app.state.bus.call(method, method.request(siret=visitor.known.siret, actor=visitor.actor, **what))
        for method, what in _calls(wish)
    ]
    said = sentence_after(wish, answers)
    if not request.headers.get("hx-request"):
        response = RedirectResponse(search.link(curseur=request.query_params.get("curseur", "")[:400]), 303)
        if said["kind"]:
            flash.say(response, **said)
        return response
    if only := text(form, "seul"):
        return await _one_changed(request, visitor, search, only)
    values = await list_values(request, visitor, search)
    return await long_page(request, "payments_ticked.html", **values, done=said)


def _wish(search: Search, form: FormData) -> Wish:
    """What the form wants. Only differences to what the page showed count: others tick as well."""
    if text(form, "tout"):
        return Wish(all_of=search.criteria.model_copy(update={"ticked": None}), seen_until=_seen_until(form))
    if month := text(form, "mois"):
        return Wish(all_of=_month_of(search, month), seen_until=_seen_until(form))
    if batch := text(form, "lot"):
        return Wish(batch=_batch(batch))
    checked = dict.fromkeys(texts(form, "pointe"))
    if only := text(form, "seul"):
        return Wish(ticks=(only,)) if only in checked else Wish(unticks=(only,))
    if undone := text(form, "retirer"):
        return Wish(unticks=(undone,))
    before = dict.fromkeys(texts(form, "etait"))
    return Wish(
        ticks=tuple(number for number in checked if number not in before),
        unticks=tuple(number for number in before if number not in checked),
    )


def _month_of(search: Search, month: str) -> api.PaymentSearch:
    narrowed = within_month(search, month)
    if narrowed is None:
        raise errors.InvalidRequest("not a month", "mois")
    return narrowed


def _seen_until(form: FormData) -> datetime | None:
    """Until when the list that was looked at is complete."""
    if not text(form, "vu"):
        return None
    try:
        return datetime.fromisoformat(text(form, "vu")).astimezone(UTC)
    except (ValueError, OverflowError) as exc:
        raise errors.InvalidRequest("not an instant", "vu") from exc


def _batch(text_of_it: str) -> UUID:
    try:
        return UUID(text_of_it)
    except ValueError as exc:
        raise errors.InvalidRequest("not a batch", "lot") from exc


def _calls(wish: Wish) -> list[tuple[Method[Any, Any], dict[str, Any]]]:
    """The calls that grant it, each with what it takes."""
    if wish.all_of is not None:
        return [(api.TICK_PAYMENTS, {"search": wish.all_of, "seen_until": wish.seen_until})]
    if wish.batch is not None:
        return [(api.UNTICK_PAYMENTS, {"batch": wish.batch})]
    return [
        (method, {"payment_numbers": numbers[start : start + MOST]})
        for method, numbers in ((api.TICK_PAYMENTS, wish.ticks), (api.UNTICK_PAYMENTS, wish.unticks))
        for start in range(0, len(numbers), MOST)
    ]


async def _one_changed(request: Request, visitor: Visitor, search: Search, number: str) -> Response:
    """What one tick changes of the page that is shown: totals, counts, its month, its row, its trace."""
    month = request.query_params.get("mois", "")
    wanted = api.ListPayments(siret=visitor.known.siret, search=_month_of(search, month), limit=500)
    (listed, everything), of_month = await asyncio.gather(
        list_with_totals(request, visitor, search, ""), request.app.state.bus.call(api.LIST_PAYMENTS, wanted)
    )
    payment = next((one for one in of_month.payments if one.payment_number == number), None)
    row = next((one for one in rows_of(of_month.payments) if payment in one.payments), None)
    return page(
        request,
        "payments_tick.html",
        search=search,
        totals=listed.totals,
        everything=everything,
        months=[one for one in of_month.months if one.month == month],
        payment=payment,
        row=row,
    )
