"""Adapter to the mail server, and the loop that sends what waits."""

import smtplib
import ssl
from datetime import timedelta
from email.message import EmailMessage

import structlog

from chassis.clock import utc_now
from chassis.loops import Loop
from services.identity.letters import Letters
from services.identity.providers import kit_of
from services.identity.settings import Settings
from services.identity.usecases import forgotten, mails

log = structlog.get_logger()

LONGEST_ANSWER = 500
LONGEST_SLEEP = 5.0  # seconds; another replica's mail may fall due without anybody waking this loop
LEASE_STEPS = 8  # talks with the server in one sending, each within the timeout


class NotTaken(Exception):
    """The server did not take the mail this time; *answer* says why."""

    def __init__(self, answer: str) -> None:
        super().__init__(answer)
        self.answer = answer[:LONGEST_ANSWER]


class Refused(NotTaken):
    """The server will never take this mail (a 5xx for this recipient or this content)."""


class MailServer:
    """One SMTP server, one connection a mail."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def send(self, message: EmailMessage, recipient: str) -> str:
        """Hand over *message*; the server's answer once it has taken it. Raises Refused, NotTaken."""
        try:
            with self._connect() as smtp:
                return self._talk(smtp, message, recipient)
        except (OSError, smtplib.SMTPException) as exc:
            raise NotTaken(_words(exc)) from exc

    def _connect(self) -> smtplib.SMTP:
        settings = self._settings
        host, port, timeout = settings.smtp_host, settings.smtp_port, settings.smtp_timeout_seconds
        tls = ssl.create_default_context()
        if settings.smtp_security == "tls":
            smtp: smtplib.SMTP = smtplib.SMTP_SSL(host, port, timeout=timeout, context=tls)
        else:
            smtp = smtplib.SMTP(host, port, timeout=timeout)
        try:
            if settings.smtp_security == "starttls":
                smtp.starttls(context=tls)
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
        return f"{code} {_text(answer)}"[:LONGEST_ANSWER]


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
    """Sends due mails one after the other; woken after each commit that wrote one.

    Before, it writes the mails that « Mot de passe oublié » asked for, whose call must not look for an account.

    A mail is claimed for the length of a lease and no transaction is open while the server is talked to. A
    process that dies between the server's answer and the mark repeats the identical mail: the one window (R5).
    """

    clock = staticmethod(utc_now)

    def setup(self) -> None:
        """Reads templates and keys; nothing connects yet."""
        super().setup()
        self.use(self.settings)

    def use(self, settings: Settings) -> None:
        """Make the adapters that *settings* describe."""
        self._letters = Letters(settings)
        self._server = MailServer(settings)
        self._kit = kit_of(settings)
        self._lease = timedelta(seconds=settings.smtp_timeout_seconds * LEASE_STEPS + 30)
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
        message = self._letters.message(mail, self._kit.keys.unlock(mail.secret))
        try:
            answer = self._server.send(message, mail.recipient)
        except Refused as exc:
            with self.database.work() as connection:
                mails.settle_refused(connection, mail, answer=exc.answer, now=self.clock())
            log.warning("mail_bounced", mail_id=str(mail.id), name=mail.name)
        except NotTaken as exc:
            with self.database.work() as connection:
                mails.postpone(connection, mail, answer=exc.answer, now=self.clock(), give_up_after=self._give_up_after)
            log.warning("mail_postponed", mail_id=str(mail.id), name=mail.name, attempts=mail.attempts)
        else:
            with self.database.work() as connection:
                mails.settle_sent(connection, mail, answer=answer, now=self.clock())
            log.info("mail_sent", mail_id=str(mail.id), name=mail.name, attempts=mail.attempts)
        return 0.0
