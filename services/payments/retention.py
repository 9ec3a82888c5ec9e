"""The loop that drops payments once they have been kept for as long as accounts are (K38)."""

import structlog

from chassis.loops import Loop
from services.payments.settings import Settings
from services.payments.usecases.retention import drop_outdated

log = structlog.get_logger()

AT_ONCE = 500  # payments in one transaction: an employer's are named in one event
BETWEEN = 0.2  # seconds between two rounds that find more
PAUSE = 3600.0


class Retention(Loop):
    """A bounded number of payments a round; replicas may run it side by side. Exports go by the `ExportSweeper`."""

    def setup(self) -> None:
        """Reads the settings; nothing connects yet."""
        super().setup()
        self.use(self.settings)

    def use(self, settings: Settings) -> None:
        """Keep payments for as long as *settings* say."""
        self._years = settings.keep_years

    def run_once(self) -> float:
        """One round; soon again when there was more than a round takes."""
        with self.database.work() as connection:
            count = drop_outdated(connection, years=self._years, at_once=AT_ONCE, now=self.clock())
        if count:
            log.info("payments_purged", count=count)
        return BETWEEN if count >= AT_ONCE else PAUSE
