"""« Mes dossiers »: the employer's dossiers and, in each, all its documents (S52)."""

import asyncio
from typing import Annotated

from espace_contracts import documents as api
from espace_contracts import payments
from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from gateway.document_list import rubrics_of
from gateway.pages.documents import DRAWING, LARGEST_QUERY
from gateway.rendering import page
from gateway.session import MEMBER, Visitor

router = APIRouter()


@router.get("/dossiers")
async def show_dossiers(
    request: Request, visitor: Annotated[Visitor, Depends(MEMBER)], q: str = "", curseur: str = ""
) -> Response:
    """All dossiers, newest first, or those found."""
    sought = q.strip()[:LARGEST_QUERY]
    wanted = api.SearchDossiers(siret=visitor.known.siret, text=sought, cursor=curseur[:400] or None)
    found = await request.app.state.bus.call(api.SEARCH_DOSSIERS, wanted)
    values = {"dossiers": found.dossiers, "next_cursor": found.next_cursor, "q": sought}
    return page(request, "dossiers.html", tab="dossiers", **values)


@router.get("/dossiers/{number:path}")
async def show_dossier(request: Request, number: str, visitor: Annotated[Visitor, Depends(MEMBER)]) -> Response:
    """One person's training, money and papers on one page."""
    bus, siret = request.app.state.bus, visitor.known.siret
    found, paid = await asyncio.gather(
        bus.call(api.GET_DOSSIER, api.GetDossier(siret=siret, dossier_number=number)),
        bus.call(
            payments.LIST_PAYMENTS,
            payments.ListPayments(siret=siret, search=payments.PaymentSearch(text=number), limit=500),
        ),
    )
    # the search matches by prefix (S30): 19GE0056 would find 19GE00565 as well
    own = [one for one in paid.payments if one.dossier_number == number and one.state == "current"]
    return page(
        request,
        "dossier.html",
        tab="dossiers",
        dossier=found.dossier,
        rubrics=rubrics_of(found.documents),
        payments=own,
        paid_amount=sum(one.amount for one in own),
        paid_hours=sum(one.paid_hours for one in own),
        left_amount=sum(one.amount for one in own if not one.tick),
        **DRAWING,
    )
