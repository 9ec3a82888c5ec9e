"""Adapter to the mail server, and the loop that sends what waits."""

import smtplib
import ssl
from datetime import timedelta
from email.message import EmailMessage
from functools import cached_property
from typing import Any

import structlog
from sqlalchemy import Row

from chassis import metrics, tracing
from chassis.bounds import TookTooLong, within
from chassis.loops import Loop
from chassis.measures import waiting
from chassis.tls import context
from services.identity.letters import Letters
from services.identity.providers import kit_of
from services.identity.settings import Settings
from services.identity.usecases import forgotten, mails

log = structlog.get_logger()

LONGEST_ANSWER = 500
LONGEST_SLEEP = 5.0  # seconds; another replica's mail may fall due without anybody waking this loop
AWAY_PAUSE = 5.0  # seconds until somebody knocks again where no server answered
SETTLING = timedelta(seconds=15)  # beyond the talk with the server: to note in the database how it ended
GOODBYE_SECONDS = 2.0


WAITING_MAILS = waiting(
    metrics.MAILS_WAITING,
    metrics.MAILS_AGE,
    "select count(*), extract(epoch from now() - min(created_at)) from mails where state = 'queued'",
)


class NotTaken(Exception):
    """The server did not take the mail this time; *answer* says why."""

    def __init__(self, answer: str) -> None:
        super().__init__(answer)
        self.answer = answer[:LONGEST_ANSWER]


class Away(NotTaken):
    """There is no server to talk to, or none that wants to: not this mail's fault."""


class Refused(NotTaken):
    """The server will never take this mail (a 5xx for this recipient or this content)."""


class MailServer:
    """One SMTP server, one connection a mail."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        """Made once: reading the authorities holds the whole process up for 45 ms (R17)."""
        return context(self._settings.ca_file)

    def send(self, message: EmailMessage, recipient: str) -> str:
        """Hand over *message*; the server's answer once it has taken it. Raises Refused, Away, NotTaken.

        All of it within `smtp_total_seconds`: a server that drips a byte a second would never end it otherwise.
        """
        try:
            with within(self._settings.smtp_total_seconds):
                smtp = self._greeted()
                try:
                    answer = self._talk(smtp, message, recipient)
                finally:
                    smtp.close()
        except (OSError, smtplib.SMTPException, TookTooLong) as exc:
            raise NotTaken(_words(exc)) from exc
        return answer

    def _greeted(self) -> smtplib.SMTP:
        try:
            return self._connect()
        except (OSError, smtplib.SMTPException) as exc:
            raise Away(_words(exc)) from exc

    def check(self) -> None:
        """Returns when the server greets, and takes our login when it wants one. Raises what is wrong."""
        with self._connect() as smtp:
            smtp.noop()

    def _connect(self) -> smtplib.SMTP:
        settings = self._settings
        host, port, timeout = settings.smtp_host, settings.smtp_port, settings.smtp_timeout_seconds
        if settings.smtp_security == "tls":
            smtp: smtplib.SMTP = smtplib.SMTP_SSL(host, port, timeout=timeout, context=self._tls)
        else:
            smtp = smtplib.SMTP(host, port, timeout=timeout)
        try:
            if settings.smtp_security == "starttls":
                smtp.starttls(context=self._tls)
            if settings.smtp_user and settings.smtp_password:
                smtp.login(settings.smtp_user, settings.smtp_password.get_secret_value())
            smtp.ehlo_or_helo_if_needed()
        except BaseException:
            smtp.close()
            raise
        return smtp

    def _talk(self, smtp: smtplib.SMTP, message: EmailMessage, recipient: str) -> str:
        """MAIL, RCPT, DATA. A refused sender is our own mistake: it is mended, and the mail then leaves."""
        options = _options(smtp, recipient)
        code, answer = smtp.mail(str(message["From"].addresses[0].addr_spec), options)
        if code != 250:
            raise NotTaken(f"MAIL: {code} {_text(answer)}")
        code, answer = smtp.rcpt(recipient)
        if code not in (250, 251):
            raise _refusal(code, f"RCPT: {code} {_text(answer)}")
        try:
            code, answer = smtp.data(message.as_bytes())
        except smtplib.SMTPDataError as exc:
            raise _refusal(exc.smtp_code, f"DATA: {_words(exc)}") from exc
        if code != 250:
            raise _refusal(code, f"DATA: {code} {_text(answer)}")
        _part(smtp)
        return f"{code} {_text(answer)}"[:LONGEST_ANSWER]


def _part(smtp: smtplib.SMTP) -> None:
    """Say goodbye. The mail is the server's already, so however this ends it must not be sent again."""
    try:
        with within(GOODBYE_SECONDS):
            smtp.quit()
    except (OSError, smtplib.SMTPException, TookTooLong) as exc:
        log.info("mail_server_left", reason=type(exc).__name__)


def _options(smtp: smtplib.SMTP, recipient: str) -> list[str]:
    if recipient.isascii():
        return []
    if not smtp.has_extn("smtputf8"):
        raise Refused("the mail server takes no address with accents (SMTPUTF8)")
    smtp.command_encoding = "utf-8"
    return ["SMTPUTF8", "BODY=8BITMIME"]


def _refusal(code: int, answer: str) -> NotTaken:
    return Refused(answer) if 500 <= code < 600 else NotTaken(answer)


def _text(answer: bytes) -> str:
    return answer.decode("utf-8", "replace").replace("\n", " ")


def _words(error: Exception) -> str:
    """What went wrong, without the mail's content."""
    if isinstance(error, smtplib.SMTPResponseException):
        detail = error.smtp_error
        return f"{error.smtp_code} {_text(detail) if isinstance(detail, bytes) else detail}"
    return f"{type(error).__name__}: {error}"


class Mailer(Loop):
    """Sends due mails, a few at a time so that a slow one keeps none waiting; woken after each commit that wrote one.

    Before, it writes the mails that « Mot de passe oublié » asked for, whose call must not look for an account.

    A mail is claimed for the length of a lease and no transaction is open while the server is talked to. A
    process that dies between the server's answer and the mark repeats the identical mail: the one window (R5).
    """

    side_by_side = 4

    dependency, needed, check_every = "smtp", False, 60.0  # mails wait; a relay is not to be asked too often

    def check(self) -> None:
        """Returns when the mail server would take a mail."""
        self._server.check()

    def setup(self) -> None:
        """Reads templates and keys; nothing connects yet."""
        super().setup()
        self.use(self.settings)

    def use(self, settings: Settings) -> None:
        """Make the adapters that *settings* describe."""
        self._letters = Letters(settings)
        self._server = MailServer(settings)
        self._kit = kit_of(settings)
        self._lease = timedelta(seconds=settings.smtp_total_seconds) + SETTLING
        self._give_up_after = timedelta(days=settings.mail_give_up_days)

    def run_once(self) -> float:
        """Send one mail, if one is due; the seconds until the next."""
        with self.database.work() as connection:
            if forgotten.answer_next(connection, kit=self._kit, now=self.clock()):
                return 0.0
        with self.database.work() as connection:
            mail = mails.claim(connection, now=self.clock(), lease=self._lease)
            if mail is None:
                return mails.seconds_until_next(connection, now=self.clock(), at_most=LONGEST_SLEEP)
        return self._send(mail)

    def _send(self, mail: Row[Any]) -> float:
        with tracing.span(f"mail {mail.name}", kind="client", parent=mail.traceparent) as span:
            return self._sent(mail, span)

    def _sent(self, mail: Row[Any], span: tracing.Span) -> float:
        message = self._letters.message(mail, self._kit.keys.unlock(mail.secret))
        try:
            answer = self._server.send(message, mail.recipient)
        except Refused as exc:
            span.failed(exc)
            with self.database.work() as connection:
                mails.settle_refused(connection, mail, answer=exc.answer, now=self.clock())
            metrics.MAILS.labels("bounced").inc()
            log.warning("mail_bounced", mail_id=str(mail.id), name=mail.name)
        except NotTaken as exc:
            span.failed(exc)
            setback = mails.Setback(exc.answer, server_away=isinstance(exc, Away))
            with self.database.work() as connection:
                mails.postpone(connection, mail, setback, now=self.clock(), give_up_after=self._give_up_after)
            metrics.MAILS.labels("postponed").inc()
            log.warning("mail_postponed", mail_id=str(mail.id), name=mail.name, attempts=mail.attempts)
            return AWAY_PAUSE if setback.server_away else 0.0
        else:
            with self.database.work() as connection:
                mails.settle_sent(connection, mail, answer=answer, now=self.clock())
            metrics.MAILS.labels("sent").inc()
            log.info("mail_sent", mail_id=str(mail.id), name=mail.name, attempts=mail.attempts)
        return 0.0
