"""The tab Règlements: the list and its search (S23 to S31)."""

import asyncio
from typing import Annotated, Any
from uuid import UUID

from espace_contracts import payments as api
from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from gateway import french
from gateway.pages.payment_files import AWAITED
from gateway.payment_list import months_of, sentence
from gateway.payment_search import Search, active_filters, presets, read_search
from gateway.rendering import long_page, page
from gateway.session import MEMBER, Visitor

router = APIRouter()


@router.get("/reglements")
async def show_payments(request: Request, visitor: Annotated[Visitor, Depends(MEMBER)]) -> Response:
    """One page of the search, grouped; the address is the search."""
    search = read_search(request.query_params)
    if search.errors:
        return page(
            request, "payments_faulty.html", status=422, tab="reglements", search=search, **_form_values(search)
        )
    values = await list_values(request, visitor, search)
    awaited = _awaited_export(request)
    return await long_page(
        request, "payments.html", tab="reglements", awaited_export=awaited, **values, **_form_values(search)
    )


def _awaited_export(request: Request) -> UUID | None:
    """The long export that this browser has asked for and not fetched yet; the line that tells of it comes by itself."""
    try:
        return UUID(request.cookies.get(AWAITED, ""))
    except ValueError:
        return None


async def list_values(request: Request, visitor: Visitor, search: Search) -> dict[str, Any]:
    """What the list's template shows of the page that the address names."""
    cursor = request.query_params.get("curseur", "")[:400]
    listed, everything = await list_with_totals(request, visitor, search, cursor)
    return {
        "search": search,
        "cursor": cursor,
        "months": months_of(listed),
        "sentence": sentence,
        "totals": listed.totals,
        "everything": everything,
        "unfiltered_count": listed.unfiltered_count,
        "seen_until": listed.seen_until,
        "next_link": search.link(curseur=listed.next_cursor) if listed.next_cursor else "",
    }


def _form_values(search: Search) -> dict[str, Any]:
    return {
        "presets": presets(search, french.today()),
        "filters": active_filters(search),
    }


async def list_with_totals(
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
