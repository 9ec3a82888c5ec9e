"""The tab Règlements: the list, its ticks, its Excel file (S23 to S33)."""

import asyncio
from collections.abc import Iterable
from datetime import date
from typing import Annotated, Any

from espace_contracts import errors
from espace_contracts import payments as api
from fastapi import APIRouter, Depends
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from gateway import flash, french
from gateway.forms import read_form, text, texts
from gateway.payment_list import months_of, rows_of, sentence
from gateway.payment_search import Search, active_filters, presets, read_search
from gateway.rendering import page
from gateway.session import MEMBER, Visitor

router = APIRouter()
MOST = 1000  # numbers in one request to the service
PAGES_OF_A_MONTH = 20


@router.get("/reglements")
async def show_payments(request: Request, visitor: Annotated[Visitor, Depends(MEMBER)], curseur: str = "") -> Response:
    """One page of the search, grouped; the address is the search."""
    search = read_search(request.query_params)
    if search.errors:
        return page(request, "payments_faulty.html", status=422, tab="reglements", **_form_values(search))
    listed, everything = await _list(request, visitor, search, curseur[:400])
    values: dict[str, Any] = {
        "months": months_of(listed),
        "totals": listed.totals,
        "everything": everything,
        "unfiltered_count": listed.unfiltered_count,
        "next_link": search.link(curseur=listed.next_cursor) if listed.next_cursor else "",
        "is_first": not curseur,
    }
    return page(request, "payments.html", tab="reglements", sentence=sentence, **values, **_form_values(search))


def _form_values(search: Search) -> dict[str, Any]:
    return {
        "search": search,
        "presets": presets(search, french.today()),
        "filters": active_filters(search),
    }


async def _list(
    request: Request, visitor: Visitor, search: Search, cursor: str
) -> tuple[api.PaymentsPage, api.PaymentTotals]:
    """The page, and the totals with both tick states: two calls only where the list is narrowed by tick."""
    bus, siret = request.app.state.bus, visitor.known.siret
    wanted = api.ListPayments(siret=siret, search=search.criteria, cursor=cursor or None)
    if search.criteria.ticked is None:
        listed = await bus.call(api.LIST_PAYMENTS, wanted)
        return listed, listed.totals
    both = search.criteria.model_copy(update={"ticked": None})
    listed, everything = await asyncio.gather(
        bus.call(api.LIST_PAYMENTS, wanted),
        bus.call(api.LIST_PAYMENTS, api.ListPayments(siret=siret, search=both, limit=1)),
    )
    return listed, everything.totals


@router.get("/reglements/export.xlsx")
async def export(request: Request, visitor: Annotated[Visitor, Depends(MEMBER)]) -> Response:
    """The Excel file of the search, all pages (S33)."""
    search = read_search(request.query_params)
    if search.errors:
        return RedirectResponse(search.link(), 303)
    state = request.app.state
    wanted = api.ExportPayments(
        siret=visitor.known.siret,
        actor=visitor.actor,
        legal_name=visitor.known.legal_name,
        search=search.criteria,
    )
    file = await state.bus.call(api.EXPORT_PAYMENTS, wanted)
    return await state.files.get(file.url, name=file.file_name, media_type=file.media_type)


@router.post("/reglements/pointage")
async def tick(
    request: Request,
    visitor: Annotated[Visitor, Depends(MEMBER)],
    form: Annotated[FormData, Depends(read_form)],
) -> Response:
    """Tick or untick: one box at once, a month, or all boxes of a form sent without script (S32)."""
    search = read_search(request.query_params)
    if search.errors:
        raise errors.InvalidRequest("the address is no search", ",".join(search.errors))
    ticks, unticks = await _wanted(request, visitor, search, form)
    changed = await _apply(request, visitor, ticks, unticks)
    if request.headers.get("hx-request"):
        return await _tick_parts(request, visitor, search, text(form, "seul"))
    response = RedirectResponse(search.link(), 303)
    _say(response, ticks, unticks, changed)
    return response


async def _wanted(request: Request, visitor: Visitor, search: Search, form: FormData) -> tuple[list[str], list[str]]:
    """The numbers to tick and to untick. Only differences to what the page showed count: others tick as well."""
    if month := text(form, "mois"):
        return await _left_of_month(request, visitor, search, month), []
    checked = dict.fromkeys(texts(form, "pointe"))
    if only := text(form, "seul"):
        return ([only], []) if only in checked else ([], [only])
    if undone := text(form, "retirer"):
        return [], [undone]
    before = dict.fromkeys(texts(form, "etait"))
    return [number for number in checked if number not in before], [one for one in before if one not in checked]


async def _left_of_month(request: Request, visitor: Visitor, search: Search, month: str) -> list[str]:
    """The unticked payments of a month of the search, all pages of it."""
    narrowed = _within_month(search, month)
    if narrowed is None:
        raise errors.InvalidRequest("not a month", "mois")
    found: list[str] = []
    cursor: str | None = None
    for _page in range(PAGES_OF_A_MONTH):
        wanted = api.ListPayments(
            siret=visitor.known.siret, search=narrowed.model_copy(update={"ticked": False}), cursor=cursor, limit=500
        )
        listed = await request.app.state.bus.call(api.LIST_PAYMENTS, wanted)
        found += [payment.payment_number for payment in listed.payments if payment.state == "current"]
        cursor = listed.next_cursor
        if cursor is None:
            break
    return found


def _within_month(search: Search, month: str) -> api.PaymentSearch | None:
    """The search without its tick state, narrowed to *month* (`2019-12`); None when that is no month."""
    try:
        first = date.fromisoformat(f"{month}-01")
    except ValueError:
        return None
    last = french.last_of_month(first)
    start, end = search.criteria.paid_from or first, search.criteria.paid_to or last
    return search.criteria.model_copy(
        update={"paid_from": max(first, start), "paid_to": min(last, end), "ticked": None}
    )


async def _apply(request: Request, visitor: Visitor, ticks: list[str], unticks: list[str]) -> int:
    """Tell the service; the count of payments whose state has changed."""
    bus, changed = request.app.state.bus, 0
    for method, numbers in ((api.TICK_PAYMENTS, ticks), (api.UNTICK_PAYMENTS, unticks)):
        for part in _parts(numbers):
            wanted = method.request(siret=visitor.known.siret, actor=visitor.actor, payment_numbers=part)
            changed += len((await bus.call(method, wanted)).changed)
    return changed


def _parts(numbers: list[str]) -> Iterable[tuple[str, ...]]:
    return (tuple(numbers[start : start + MOST]) for start in range(0, len(numbers), MOST))


def _say(response: Response, ticks: list[str], unticks: list[str], changed: int) -> None:
    """What the next page says of it."""
    if len(ticks) + len(unticks) == 1:
        flash.say(response, "ticked" if ticks else "unticked", number=(ticks or unticks)[0][:40])
    elif changed:
        flash.say(response, "ticks_saved", count=changed)


async def _tick_parts(request: Request, visitor: Visitor, search: Search, number: str) -> Response:
    """What a tick changes of the page that is shown: totals, counts, its month, its row, its trace."""
    bus, siret = request.app.state.bus, visitor.known.siret
    month = request.query_params.get("mois", "")
    narrowed = _within_month(search, month)
    if narrowed is None:
        raise errors.InvalidRequest("not a month", "mois")
    (listed, everything), of_month = await asyncio.gather(
        _list(request, visitor, search, ""),
        bus.call(api.LIST_PAYMENTS, api.ListPayments(siret=siret, search=narrowed, limit=500)),
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
