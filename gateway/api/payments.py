"""The API's payments: the list with its totals, ticks."""

from typing import Annotated, Any

from espace_contracts import payments as api
from espace_contracts.rpc import Method
from espace_contracts.types import Day
from fastapi import APIRouter, Depends, Query, Request

from gateway.api.shapes import Page, problems
from gateway.session import API_MEMBER, API_MEMBER_WRITES, Visitor

router = APIRouter(tags=["payments"])


class PaymentList(Page[api.Payment]):
    """Payments, newest first, with the totals of the whole search."""

    totals: api.PaymentTotals
    months: list[api.MonthTotal]


def criteria(
    paid_from: Annotated[Day | None, Query()] = None,
    paid_to: Annotated[Day | None, Query()] = None,
    worked_from: Annotated[Day | None, Query()] = None,
    worked_to: Annotated[Day | None, Query()] = None,
    text: Annotated[str | None, Query(max_length=200)] = None,
    ticked: Annotated[bool | None, Query()] = None,
) -> api.PaymentSearch:
    """The criteria of a search in the query; they combine."""
    return api.PaymentSearch(
        paid_from=paid_from, paid_to=paid_to, worked_from=worked_from, worked_to=worked_to, text=text, ticked=ticked
    )


@router.get("/payments", responses=problems(401, 403, 422, 503))
async def list_payments(
    request: Request,
    visitor: Annotated[Visitor, Depends(API_MEMBER)],
    search: Annotated[api.PaymentSearch, Depends(criteria)],
    cursor: Annotated[str | None, Query(min_length=1, max_length=400)] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> PaymentList:
    """The employer's payments (S23 to S31); amounts and hours are decimal strings."""
    wanted = api.ListPayments(siret=visitor.known.siret, search=search, cursor=cursor, limit=limit)
    listed = await request.app.state.bus.call(api.LIST_PAYMENTS, wanted)
    return PaymentList(
        items=list(listed.payments), next_cursor=listed.next_cursor, totals=listed.totals, months=list(listed.months)
    )


@router.put("/payments/{number}/tick", responses=problems(401, 403, 404, 503))
async def tick_payment(
    request: Request, number: str, visitor: Annotated[Visitor, Depends(API_MEMBER_WRITES)]
) -> api.TickedPayments:
    """Mark a payment as checked (S32); doing it again changes nothing."""
    return await request.app.state.bus.call(api.TICK_PAYMENTS, _one(api.TICK_PAYMENTS, visitor, number))


@router.delete("/payments/{number}/tick", responses=problems(401, 403, 404, 503))
async def untick_payment(
    request: Request, number: str, visitor: Annotated[Visitor, Depends(API_MEMBER_WRITES)]
) -> api.TickedPayments:
    """Remove the mark."""
    return await request.app.state.bus.call(api.UNTICK_PAYMENTS, _one(api.UNTICK_PAYMENTS, visitor, number))


def _one(method: Method[Any, Any], visitor: Visitor, number: str) -> Any:
    return method.request(siret=visitor.known.siret, actor=visitor.actor, payment_numbers=(number,))
