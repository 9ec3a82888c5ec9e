"""The loop that tells employers, once a day, which payments came in."""

from chassis.loops import Loop
from services.identity.settings import Settings
from services.identity.usecases import daily_payments

LONGEST_SLEEP = 30.0  # seconds; payments are noted without anybody waking this loop


class DailyPayments(Loop):
    """One employer a round; replicas may run it side by side. The mailer sends what it writes."""

    def setup(self) -> None:
        """Reads the settings; nothing connects yet."""
        super().setup()
        self.use(self.settings)

    def use(self, settings: Settings) -> None:
        """Tell at the time of day that *settings* name."""
        self._at = settings.payment_mail_at

    def run_once(self) -> float:
        """Tell one employer, if one is to be told by now; the seconds until the next."""
        now = self.clock()
        with self.database.work() as connection:
            if daily_payments.tell_next(connection, at=self._at, now=now):
                return 0.0
            return daily_payments.seconds_until_next(connection, now=now, at_most=LONGEST_SLEEP)
