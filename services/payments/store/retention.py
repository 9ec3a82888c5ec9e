"""Dropping payments whose time is over. For the role of workers; the policy `outdated` is a second wall around it."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import Connection, Row, text

# Ticks are columns of the row. A cancellation is a fact of its own, so the later of the two days counts; only the
# payments that the employer was ever shown are of any news.
DROP = text(
    "delete from payments where payment_number in"
    " (select payment_number from payments where greatest(paid_on, cancelled_on) < :before limit :at_once"
    " for update skip locked)"
    " returning siret, payment_number, state <> 'awaited' as shown"
)


def drop(connection: Connection, *, before: date, at_once: int) -> Sequence[Row[Any]]:
    """Delete at most *at_once* payments last touched by a day before then: siret, payment_number, shown of each."""
    return connection.execute(DROP, {"before": before, "at_once": at_once}).all()
