"""The home page: what is new, what is expected of me."""

import asyncio
from typing import Annotated

from espace_contracts import documents, payments
from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from gateway.rendering import page
from gateway.session import MEMBER, Visitor

router = APIRouter()
SHOWN = 5
MOST_DOSSIERS = 500  # as many as one answer may have; hardly an employer has more


@router.get("/accueil")
async def show_home(request: Request, visitor: Annotated[Visitor, Depends(MEMBER)]) -> Response:
    """Last payments, what is left to tick, documents that came."""
    bus, siret = request.app.state.bus, visitor.known.siret
    paid, deposited, dossiers = await asyncio.gather(
        bus.call(payments.LIST_PAYMENTS, payments.ListPayments(siret=siret, limit=100)),
        bus.call(documents.LIST_DOCUMENTS, documents.ListDocuments(siret=siret, limit=SHOWN)),
        bus.call(documents.SEARCH_DOSSIERS, documents.SearchDossiers(siret=siret, limit=MOST_DOSSIERS)),
    )
    current = [payment for payment in paid.payments if payment.state == "current"]
    newest = [payment for payment in current if payment.paid_on == current[0].paid_on]
    to_correct = [dossier for dossier in dossiers.dossiers if dossier.to_correct_count]
    return page(
        request,
        "home.html",
        tab="",
        totals=paid.totals,
        newest=newest,
        newest_amount=sum(payment.amount for payment in newest),
        last_payments=current[:SHOWN],
        since=visitor.known.last_login_at,
        documents=deposited.documents,
        to_correct=to_correct,
        dossier_count=len(dossiers.dossiers),
        more_dossiers=dossiers.next_cursor is not None,
    )
