"""Mails as rows: written with the change that they tell of, sent after the commit (S3, S8, R5)."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import ceil
from typing import Any, Final, Literal
from uuid import UUID, uuid4

from espace_contracts import identity as api
from espace_contracts.errors import TooManyAttempts
from sqlalchemy import Connection, Row

from chassis import outbox, tracing
from services.identity.domain import MAIL_REST_WITHOUT_SERVER, mail_retry_delay
from services.identity.store import accounts
from services.identity.store import mails as store
from services.identity.usecases import audit

PROVISIONAL_CREDENTIALS = "provisional_credentials"
IDENTIFIER_CHANGE = "identifier_change"
IDENTIFIER_CONFIRMED = "identifier_confirmed"
CONTACT_CHANGED = "contact_changed"
PASSWORD_RESET = "password_reset"  # noqa: S105 - the name of a mail
PASSWORD_CHANGED = "password_changed"  # noqa: S105 - the name of a mail
IDENTIFIER_REMINDER = "identifier_reminder"
ROBOT_CODE = "robot_code"
PAYMENTS_RECEIVED = "payments_received"
CONTACT_LINK = "contact_link"
CONTACT_REQUESTED = "contact_requested"
DOCUMENTS_ACCEPTED = "documents_accepted"
DOCUMENTS_TO_CORRECT = "documents_to_correct"

HOUR = timedelta(hours=1)
SENT = "sent"
BOUNCED: Final = "bounced"
GIVEN_UP: Final = "given_up"


@dataclass(frozen=True)
class Letter:
    """What one mail says: *facts* in clear, *secret* already encrypted; to the contact address unless told.

    It is about the employer *siret*; without one about the employer that the account reached first.
    """

    name: str
    account_id: UUID
    facts: dict[str, Any] = field(default_factory=dict)
    secret: bytes | None = None
    recipient: str | None = None
    siret: str | None = None


@dataclass(frozen=True)
class Setback:
    """Why a mail did not leave now; while no server is there to talk to, its attempts are not counted."""

    answer: str
    server_away: bool = False


def queue(connection: Connection, letter: Letter, *, now: datetime, due_at: datetime | None = None) -> UUID:
    """Write the mail's row, due at once unless told; whoever commits wakes the mailer."""
    employer = accounts.employer_of(connection, letter.account_id, siret=letter.siret)
    mail_id = uuid4()
    common = {"legal_name": employer.legal_name, "funder": accounts.funder_contact(connection, employer.siret)}
    store.add(
        connection,
        id=mail_id,
        name=letter.name,
        account_id=letter.account_id,
        siret=employer.siret,
        recipient=letter.recipient or employer.contact_email,
        facts=common | letter.facts,
        secret=letter.secret,
        traceparent=tracing.current(),
        created_at=now,
        due_at=due_at or now,
    )
    return mail_id


def limit(connection: Connection, account_id: UUID, name: str, at_most: int, *, now: datetime) -> None:
    """Raises TooManyAttempts when the account has had *at_most* mails of this name within the hour."""
    written = store.since(connection, account_id, name, start=now - HOUR)
    if len(written) >= at_most:
        seconds = ceil((written[-at_most] + HOUR - now).total_seconds())
        raise TooManyAttempts("too many mails within an hour", str(max(seconds, 1)))


def withdraw(connection: Connection, account_id: UUID, name: str, *, now: datetime) -> None:
    """Mails of this name that still wait are not sent any more: what they say has been replaced."""
    store.withdraw(connection, account_id, name, answer="withdrawn before sending: replaced", now=now)


def claim(connection: Connection, *, now: datetime, lease: timedelta) -> Row[Any] | None:
    """The next due mail, for this worker alone until the lease ends."""
    return store.claim(connection, now=now, lease=now + lease)


def seconds_until_next(connection: Connection, *, now: datetime, at_most: float) -> float:
    """How long the mailer may sleep."""
    due = store.next_due(connection)
    return at_most if due is None else min(max((due - now).total_seconds(), 0.0), at_most)


def settle_sent(connection: Connection, mail: Row[Any], *, answer: str, now: datetime) -> None:
    """The server has the mail: the secret is wiped, the event says so (S3)."""
    if not store.settle(connection, mail.id, state=SENT, answer=answer, now=now):
        return
    if mail.name == PROVISIONAL_CREDENTIALS:
        sent = api.ProvisionalCredentialsSent(account_id=mail.account_id, siret=mail.siret)
        outbox.publish(connection, sent, subject=mail.siret, at=now)
    _note(connection, mail, "mail_sent", succeeded=True, now=now)


def settle_refused(connection: Connection, mail: Row[Any], *, answer: str, now: datetime) -> None:
    """The server will never take it: kept with its answer, for the funder to see."""
    if store.settle(connection, mail.id, state=BOUNCED, answer=answer, now=now):
        _tell_funder(connection, mail, BOUNCED, answer=answer, now=now)
        _note(connection, mail, "mail_bounced", succeeded=False, now=now)


def postpone(
    connection: Connection, mail: Row[Any], setback: Setback, *, now: datetime, give_up_after: timedelta
) -> None:
    """The mail was not taken now: later again, or given up when it is too old."""
    if now - mail.created_at >= give_up_after:
        if store.settle(connection, mail.id, state=GIVEN_UP, answer=setback.answer, now=now):
            _tell_funder(connection, mail, GIVEN_UP, answer=setback.answer, now=now)
            _note(connection, mail, "mail_given_up", succeeded=False, now=now)
        return
    attempts = mail.attempts - setback.server_away
    rest = MAIL_REST_WITHOUT_SERVER if setback.server_away else mail_retry_delay(attempts)
    store.postpone(connection, mail.id, answer=setback.answer, due_at=now + rest, attempts=attempts)


def _tell_funder(
    connection: Connection, mail: Row[Any], outcome: Literal["bounced", "given_up"], *, answer: str, now: datetime
) -> None:
    """Whoever has the employer on the telephone learns of it before the call (R10)."""
    lost = api.MailNotDelivered(
        account_id=mail.account_id, siret=mail.siret, mail=mail.name, outcome=outcome, server_answer=answer
    )
    outbox.publish(connection, lost, subject=mail.siret, at=now)


def _note(connection: Connection, mail: Row[Any], action: str, *, succeeded: bool, now: datetime) -> None:
    audit.note(
        connection,
        action,
        at=now,
        succeeded=succeeded,
        account_id=mail.account_id,
        siret=mail.siret,
        actor=audit.SYSTEM,
        details={"mail_id": str(mail.id), "name": mail.name, "attempts": mail.attempts},
    )
