"""A page of the list as its contract wants it, out of the rows that the store found."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from espace_contracts import payments as api
from sqlalchemy import Row

CENTS = Decimal("0.00")


def page(
    months: Sequence[Row[Any]], found: Sequence[Row[Any]], *, unfiltered_count: int, next_cursor: str | None
) -> api.PaymentsPage:
    """The page that holds *found*; its totals are of all *months* of the search."""
    on_page = {(row.paid_on.year, row.paid_on.month) for row in found}
    keys = sorted((f"{year}-{month:02d}" for year, month in on_page), reverse=True)
    by_key = {month[0]: month for month in months}
    columns = found[0]._fields if found else ()
    # One validation of the whole page, inside pydantic's core, is a third faster than a model after the other.
    return api.PaymentsPage.model_validate(
        {
            "totals": totals(months),
            "unfiltered_count": unfiltered_count,
            "months": [month_total(by_key[key]) for key in keys if key in by_key],
            "payments": [payment(columns, row) for row in found],
            "next_cursor": next_cursor,
            "seen_until": max((month.seen_until for month in months), default=None),
        }
    )


def totals(months: Sequence[Row[Any]]) -> api.PaymentTotals:
    """The sums of the whole search."""
    count = ticked_count = 0
    amount = ticked_amount = CENTS
    for _, current, paid, ticked, ticked_paid, *_ in map(
        tuple, months
    ):  # twenty years are 240 of them: columns by place
        count += current
        amount += paid
        ticked_count += ticked
        ticked_amount += ticked_paid
    return api.PaymentTotals(
        amount=amount,
        count=count,
        ticked_amount=ticked_amount,
        ticked_count=ticked_count,
        left_amount=amount - ticked_amount,
        left_count=count - ticked_count,
    )


def month_total(month: Row[Any]) -> api.MonthTotal:
    """One month of the search."""
    left = month.current - month.ticked
    return api.MonthTotal(month=month.month, amount=month.amount, count=month.current, left_count=left)


def payment(columns: Sequence[str], row: Row[Any]) -> dict[str, Any]:
    """One payment of the list, as `api.Payment` takes it; what it does not know it passes over.

    A row's members are read by place: by name they cost a tenth of the whole call.
    """
    facts: dict[str, Any] = dict(zip(columns, row, strict=True))
    facts["beneficiary"] = {"last_name": facts["beneficiary_last_name"], "first_name": facts["beneficiary_first_name"]}
    facts["tick"] = {"at": facts["ticked_at"], "by": facts["ticked_by_name"]} if facts["ticked_at"] else None
    if facts["state"] != "cancelled":
        facts["cancelled_on"] = facts["cancellation_reason"] = None
    return facts
