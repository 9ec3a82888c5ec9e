"""The list: one page with the totals of its search."""

from espace_contracts import payments as api
from sqlalchemy import Connection

from services.payments import domain, pages
from services.payments.search import Criteria, read_search
from services.payments.store import lists as store


def list_payments(connection: Connection, request: api.ListPayments) -> api.PaymentsPage:
    """One page with the totals of the whole search. The transaction must be one snapshot (S32).

    Raises InvalidRequest for a cursor that is not ours and for a period that ends before it starts.
    """
    criteria = read_search(request.search)
    after = domain.read_cursor(request.cursor) if request.cursor else None
    months = store.months(connection, request.siret, criteria)
    found = store.page(connection, request.siret, criteria, after=after, rows=request.limit + 1)
    keys = [(row.paid_on, row.dossier_number) for row in found]
    end = domain.end_of_page(keys, request.limit)
    more = end < len(found)
    if not more and len(found) > request.limit:
        more = store.more_after(connection, request.siret, criteria, end=keys[-1])
    everything = criteria == Criteria()
    return pages.page(
        months,
        found[:end],
        unfiltered_count=sum(month.lines for month in months) if everything else store.count(connection, request.siret),
        next_cursor=domain.write_cursor(*keys[end - 1]) if more else None,
    )
