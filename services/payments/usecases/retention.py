"""Payments that have been kept for as long as accounts are (K38)."""

from collections import defaultdict
from datetime import datetime

from espace_contracts import payments as api
from sqlalchemy import Connection

from chassis import outbox
from services.payments.domain import kept_from
from services.payments.store import retention as store


def drop_outdated(connection: Connection, *, years: int, at_once: int, now: datetime) -> int:
    """Drop at most *at_once* payments that *years* are over for, with their ticks; how many.

    Cancelled ones go too, and cancellations whose payment never came. The employer's systems are told by
    `PaymentsPurged.v1`.
    """
    gone = store.drop(connection, before=kept_from(now, years=years), at_once=at_once)
    shown = defaultdict(list)
    for row in gone:
        if row.shown:
            shown[row.siret].append(row.payment_number)
    told = [
        (api.PaymentsPurged(siret=siret, payment_numbers=tuple(sorted(numbers))), siret)
        for siret, numbers in sorted(shown.items())
    ]
    outbox.publish_all(connection, told, at=now)
    return len(gone)
