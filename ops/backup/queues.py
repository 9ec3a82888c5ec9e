"""After a restore: the broker forgets what is of no past any more, and the outboxes tell again what may be lost.

What waits in the queues may tell of rows that the restored databases do not have, and what the databases have told may
have been under way when the broker was lost. So the queues of our own events are emptied and the newest of the outboxes
go out again, under the same ids: inboxes swallow what was applied before.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

import kombu
import psycopg
from espace_contracts import funder
from espace_contracts.registry import SERVICES, SUBSCRIPTIONS

from chassis.tls import broker_options
from chassis.topology import RETRY_DELAYS, event_queue_name

AGAIN = "update outbox set published_at = null, unrouted = false where published_at is not null and created_at >= %s"


def purge(amqp_url: str) -> dict[str, int]:
    """Empty the queues of our own events and of calls; how many messages each held.

    Those of the funder's events stay: it was told that they arrived, and nobody has applied them. Dead letters stay.
    """
    purged = {}
    with kombu.Connection(amqp_url, ssl=broker_options(amqp_url, None), connect_timeout=5) as connection:
        channel = connection.channel()
        for name in _stale_queues():
            if count := channel.queue_purge(name):
                purged[name] = count
    return purged


def publish_again(environment: Mapping[str, str], *, since: datetime, overlap: timedelta) -> dict[str, int]:
    """Have every outbox publish once more what it holds from *overlap* before *since* on; how many events each."""
    marked = {}
    for service in SERVICES:
        url = environment[f"{service.upper()}_OWNER_DATABASE_URL"]
        with psycopg.connect(url, connect_timeout=5) as connection:
            marked[service] = connection.execute(AGAIN, (since - overlap,)).rowcount
    return marked


def _stale_queues() -> list[str]:
    names = [f"rpc-{service}" for service in SERVICES]
    for service, heard in SUBSCRIPTIONS.items():
        for data in heard:
            if data.exchange != funder.EXCHANGE:
                name = event_queue_name(service, data)
                names += [name, *(f"{name}.retry.{delay}" for delay in RETRY_DELAYS)]
    return names
