"""What became of events: outboxes, inboxes, burials and queues, looked at from the operators' side."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

import psycopg
from espace_contracts.registry import SERVICES
from psycopg.rows import dict_row

from ops import dead_letters
from ops.topology import queue_specs

OUTBOX = """
select count(*) filter (where published_at is null) as waiting,
       coalesce(extract(epoch from now() - min(created_at) filter (where published_at is null)), 0)::float
           as oldest_waiting_seconds,
       count(*) filter (where published_at > now() - interval '1 day') as published_last_day,
       count(*) filter (where unrouted and published_at > now() - interval '1 day') as unrouted_last_day
from outbox
"""
PUBLISHED = "select type, exchange, created_at, published_at, unrouted from outbox where event_id::text = %s"
APPLIED = "select consumer, source, applied_at from inbox where event_id = %s"
BURIED = "select queue, source, reason, fields, attempts, buried_at from burials where event_id = %s"


def vhost_of(environment: Mapping[str, str]) -> str:
    """The vhost that OPS_RABBITMQ_URL names."""
    return unquote(urlsplit(environment["OPS_RABBITMQ_URL"]).path[1:]) or "/"


def outboxes(environment: Mapping[str, str]) -> list[dict[str, Any]]:
    """What waits in each service's outbox, and for how many seconds."""
    return [{"service": service} | _rows(environment, service, OUTBOX)[0] for service in SERVICES]


def dead_letter_queues(environment: Mapping[str, str]) -> list[dict[str, Any]]:
    """Name and number of messages of each dead-letter queue that holds any."""
    names = [spec.name for spec in queue_specs() if spec.name.endswith(dead_letters.SUFFIX)]
    counts = dead_letters.count(environment["OPS_RABBITMQ_URL"], names)
    return [{"queue": name, "messages": messages} for name, messages in counts.items() if messages]


def explain(environment: Mapping[str, str], event_id: str) -> list[dict[str, Any]]:
    """The life of one event, a line each: published, applied, buried, and where it lies now."""
    lines: list[dict[str, Any]] = []
    for service in SERVICES:
        lines += [
            {"what": "published", "by": service} | row for row in _rows(environment, service, PUBLISHED, event_id)
        ]
        lines += [{"what": "applied", "by": service} | row for row in _rows(environment, service, APPLIED, event_id)]
        lines += [{"what": "buried", "by": service} | row for row in _rows(environment, service, BURIED, event_id)]
    for entry in dead_letter_queues(environment):
        letters = dead_letters.show(environment["OPS_RABBITMQ_URL"], entry["queue"], limit=entry["messages"])
        lines += [
            {"what": "lies in dead letters", "queue": letter.queue, "reason": letter.reason}
            for letter in letters
            if letter.event_id == event_id
        ]
    return lines


def _rows(environment: Mapping[str, str], service: str, query: str, *parameters: str) -> list[dict[str, Any]]:
    url = environment[f"{service.upper()}_WORKER_DATABASE_URL"]
    with psycopg.connect(url, row_factory=dict_row, connect_timeout=5) as connection:
        return connection.execute(query, parameters or None).fetchall()
