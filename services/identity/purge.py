"""The loop that drops what is over: sessions, links, mails, counters, used challenges, old audit lines (K38)."""

from datetime import timedelta

import structlog

from chassis.loops import Loop
from services.identity.settings import Settings
from services.identity.store import purge as store
from services.identity.usecases import audit

log = structlog.get_logger()

PAUSE = 600.0  # seconds between two rounds that find nothing more
AT_ONCE = 1_000  # rows of a table in one transaction


class Purge(Loop):
    """A bounded number of rows a round; replicas may run it side by side."""

    def setup(self) -> None:
        """Reads the settings; nothing connects yet."""
        super().setup()
        self.use(self.settings)

    def use(self, settings: Settings) -> None:
        """Keep things for as long as *settings* say."""
        self._keep = timedelta(days=settings.keep_days)
        self._addresses = timedelta(days=settings.known_address_days)
        self._audit_years = settings.audit_years
        self._counters = timedelta(hours=settings.failures_forgotten_hours)

    def run_once(self) -> float:
        """One round; at once again when there was more than a round takes."""
        now = self.clock()
        limits = {"before": now - self._keep, "counters_before": now - self._counters, "now": now}
        limits["addresses_before"] = now - self._addresses
        with self.database.work() as connection:
            dropped = store.drop(connection, **limits, at_once=AT_ONCE)
            dropped["audit_lines"] = audit.drop_outdated(connection, years=self._audit_years, at_once=AT_ONCE, now=now)
        if any(dropped.values()):
            log.info("purged", **dropped)
        return 1.0 if max(dropped.values()) >= AT_ONCE else PAUSE
