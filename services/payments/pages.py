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
    by_key = {month.month: month for month in months}
    # One validation of the whole page, inside pydantic's core, is a third faster than a model after the other.
    return api.PaymentsPage.model_validate(
        {
            "totals": totals(months),
            "unfiltered_count": unfiltered_count,
            "months": [month_total(by_key[key]) for key in keys if key in by_key],
            "payments": [payment(row) for row in found],
            "next_cursor": next_cursor,
        }
    )


def totals(months: Sequence[Row[Any]]) -> api.PaymentTotals:
    """The sums of the whole search."""
    amount = sum((month.amount for month in months), CENTS)
    ticked = sum((month.ticked_amount for month in months), CENTS)
    count = sum(month.current for month in months)
    ticked_count = sum(month.ticked for month in months)
    return api.PaymentTotals(
        amount=amount,
        count=count,
        ticked_amount=ticked,
        ticked_count=ticked_count,
        left_amount=amount - ticked,
        left_count=count - ticked_count,
    )


def month_total(month: Row[Any]) -> api.MonthTotal:
    """One month of the search."""
    left = month.current - month.ticked
    return api.MonthTotal(month=month.month, amount=month.amount, count=month.current, left_count=left)


def payment(row: Row[Any]) -> dict[str, Any]:
    """One payment of the list, as `api.Payment` takes it."""
    cancelled = row.state == "cancelled"
    return {
        "payment_number": row.payment_number,
        "version": row.version,
        "state": row.state,
        "dossier_number": row.dossier_number,
        "beneficiary": {"last_name": row.beneficiary_last_name, "first_name": row.beneficiary_first_name},
        "training_title": row.training_title,
        "amount": row.amount,
        "paid_hours": row.paid_hours,
        "periods": row.periods,
        "paid_on": row.paid_on,
        "transfer_reference": row.transfer_reference,
        "transfer_amount": row.transfer_amount,
        "transfer_count": row.transfer_count,
        "corrects": row.corrects,
        "cancelled_on": row.cancelled_on if cancelled else None,
        "cancellation_reason": row.cancellation_reason if cancelled else None,
        "tick": {"at": row.ticked_at, "by": row.ticked_by_name} if row.ticked_at else None,
        "untick_reason": row.untick_reason,
    }
