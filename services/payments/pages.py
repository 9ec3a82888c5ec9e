"""A page of the list as its contract wants it, out of the rows that the store found."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from espace_contracts import payments as api
from espace_contracts.types import Period, Person
from sqlalchemy import Row

CENTS = Decimal("0.00")


def page(
    months: Sequence[Row[Any]], found: Sequence[Row[Any]], *, unfiltered_count: int, next_cursor: str | None
) -> api.PaymentsPage:
    """The page that holds *found*; its totals are of all *months* of the search."""
    on_page = {row.paid_on.strftime("%Y-%m") for row in found}
    return api.PaymentsPage(
        totals=totals(months),
        unfiltered_count=unfiltered_count,
        months=tuple(
            month_total(month)
            for month in sorted(months, key=lambda m: m.month, reverse=True)
            if month.month in on_page
        ),
        payments=tuple(payment(row) for row in found),
        next_cursor=next_cursor,
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


def payment(row: Row[Any]) -> api.Payment:
    """One payment of the list."""
    cancelled = row.state == "cancelled"
    return api.Payment(
        payment_number=row.payment_number,
        version=row.version,
        state=row.state,
        dossier_number=row.dossier_number,
        beneficiary=Person(last_name=row.beneficiary_last_name, first_name=row.beneficiary_first_name),
        training_title=row.training_title,
        amount=row.amount,
        paid_hours=row.paid_hours,
        periods=tuple(Period.model_validate(period) for period in row.periods),
        paid_on=row.paid_on,
        transfer_reference=row.transfer_reference,
        transfer_amount=row.transfer_amount,
        transfer_count=row.transfer_count,
        corrects=row.corrects,
        cancelled_on=row.cancelled_on if cancelled else None,
        cancellation_reason=row.cancellation_reason if cancelled else None,
        tick=api.Tick(at=row.ticked_at, by=row.ticked_by_name) if row.ticked_at else None,
        untick_reason=row.untick_reason,
    )
