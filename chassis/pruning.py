"""The loop that keeps the tables of delivery small: outbox, inbox, burials and idempotency keys (K38).

Rows go a bounded number at a time, in transactions of their own. What waits to be published never goes.
"""

from datetime import timedelta

import structlog
from sqlalchemy import TextClause, text

from chassis.loops import Loop
from chassis.settings import ServiceSettings

log = structlog.get_logger()

AT_ONCE = 2_000  # rows of a table in one transaction
ENOUGH = AT_ONCE // 2  # that many gone: there are most likely more
PAUSE = 600.0  # seconds between two rounds that find nothing more
BETWEEN = 0.2  # seconds between two that do: calls and events come first
# A copy of an event that was applied long ago may be the first thing in the queue of a service that was down for weeks:
# what it is known by stays until the queues have surely been emptied.
SETTLING = timedelta(minutes=10)

# Ids follow time closely enough: the oldest rows are looked at, without an index that every event would pay for.
# The furthest one that went is noted in the same statement: `events_since` tells readers that come from before it.
OUTBOX = text(
    "with gone as (delete from outbox where id in"
    " (select id from (select id, published_at from outbox order by id limit :at_once) oldest"
    " where published_at < :before) returning xid, id),"
    " noted as (insert into outbox_horizon as known (xid, id)"
    " select xid, id from gone order by gone.xid desc, gone.id desc limit 1"
    " on conflict (single) do update set xid = excluded.xid, id = excluded.id"
    " where (known.xid, known.id) < (excluded.xid, excluded.id))"
    " select id from gone"
)


def _by_age(table: str, key: str, moment: str) -> str:
    return (
        f"delete from {table} where ({key}) in"  # noqa: S608 - words of this module only
        f" (select {key} from {table} where {moment} < :before order by {moment} limit :at_once for update skip locked)"
    )


INBOX = text(_by_age("inbox", "consumer, source, event_id", "applied_at"))
BURIALS = text(_by_age("burials", "queue, source, event_id, data_sha256", "buried_at"))
IDEMPOTENCY = text(_by_age("idempotency", "method, scope, key", "created_at"))


class DeliveryPruning(Loop):
    """`pruning` of every service; replicas may run it side by side."""

    def start(self) -> None:
        """Begins once every part of the container is set up: the clock among them."""
        self.use(self.settings)
        super().start()

    def use(self, settings: ServiceSettings) -> None:
        """Keep rows for as long as *settings* say, and all of them for a while from now on."""
        self._settled_at = self.clock() + SETTLING
        self._keep: tuple[tuple[str, TextClause, timedelta], ...] = (
            ("outbox", OUTBOX, timedelta(days=settings.outbox_days)),
            ("inbox", INBOX, timedelta(days=settings.inbox_days)),
            ("burials", BURIALS, timedelta(days=settings.inbox_days)),
            ("idempotency", IDEMPOTENCY, timedelta(days=settings.idempotency_days)),
        )

    def run_once(self) -> float:
        """One round; soon again when there was more than a round takes."""
        now = self.clock()
        if now < self._settled_at:
            return (self._settled_at - now).total_seconds()
        dropped = {}
        for table, statement, keep in self._keep:
            with self.database.work() as connection:
                values = {"before": now - keep, "at_once": AT_ONCE}
                dropped[table] = connection.execute(statement, values).rowcount
        if any(dropped.values()):
            log.info("delivery_pruned", **dropped)
        return BETWEEN if max(dropped.values()) >= ENOUGH else PAUSE
