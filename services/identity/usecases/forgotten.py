"""« Mot de passe oublié » and « Identifiant oublié » (S16 to S22).

Whoever asks gets the same answer, as fast, whether anybody is found: the call only notes the request, and
the mailer's loop looks for the account afterwards (K13).
"""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from espace_contracts import identity as api
from espace_contracts.errors import LinkInvalid, ResetRefused, TooManyAttempts
from espace_contracts.rpc import Done
from sqlalchemy import Connection, Row

from chassis import outbox, tracing
from services.identity import domain
from services.identity.kit import Kit
from services.identity.store import accounts, attempts, known_addresses, links
from services.identity.store import forgotten as store
from services.identity.usecases import audit, limits, mails, robot, sessions

PASSWORD, IDENTIFIER, ROBOT = "password", "identifier", "robot"


def note_request(
    connection: Connection, kind: str, *, sought: str, remote_address: str, rules: domain.Rules, now: datetime
) -> None:
    """Note that somebody at *remote_address* has forgotten the password or the identifier. Raises TooManyAttempts."""
    key = domain.identifier_key(sought)
    limits.count(connection, limits.of_forgotten(kind, key, remote_address, rules), now=now)
    facts = {"kind": kind, "sought": key, "remote_address": remote_address, "traceparent": tracing.current()}
    store.add(connection, id=uuid4(), requested_at=now, **facts)


def answer_next(connection: Connection, *, kit: Kit, now: datetime) -> bool:
    """Look at the oldest request and write the mails it deserves; False when none is left."""
    request = store.take(connection)
    if request is None:
        return False
    with tracing.span(f"look for who forgot the {request.kind}", parent=request.traceparent):
        _answer_all(connection, request, kit=kit, now=now)
    return True


def _answer_all(connection: Connection, request: Row[Any], *, kit: Kit, now: datetime) -> None:
    if request.kind == PASSWORD:
        account = accounts.account_by_key(connection, request.sought)
        found = [account] if account is not None and account.state == "active" else []
    else:
        found = store.active_accounts_at(connection, request.sought)
    for account in found:
        _answer(connection, request, account, kit=kit, now=now)
    if not found:
        who = {"remote_address": request.remote_address, "actor": audit.ANONYMOUS}
        audit.note(connection, f"forgotten_{request.kind}", at=now, succeeded=False, **who)


def _answer(connection: Connection, request: Row[Any], account: Row[Any], *, kit: Kit, now: datetime) -> None:
    """One mail for one account, unless it has had many within the hour."""
    name = mails.PASSWORD_RESET if request.kind == PASSWORD else mails.IDENTIFIER_REMINDER
    accounts.lock_account(connection, account.id)
    allowed = _may_mail(connection, account.id, name, kit=kit, now=now)
    who = {"account_id": account.id, "actor": audit.ANONYMOUS, "remote_address": request.remote_address}
    audit.note(connection, f"forgotten_{request.kind}", at=now, succeeded=allowed, **who)
    if not allowed:
        return
    if name == mails.PASSWORD_RESET:
        mail_reset_link(connection, account, kit=kit, now=now)
    else:
        mail_identifier(connection, account, now=now)


def _may_mail(connection: Connection, account_id: UUID, name: str, *, kit: Kit, now: datetime) -> bool:
    try:
        mails.limit(connection, account_id, name, kit.rules.confirmation_mails_an_hour, now=now)
    except TooManyAttempts:
        return False
    return True


def mail_identifier(connection: Connection, account: Row[Any], *, now: datetime) -> None:
    """The identifier, to the contact address."""
    facts = {"identifier": account.identifier}
    letter = mails.Letter(name=mails.IDENTIFIER_REMINDER, account_id=account.id, facts=facts)
    mails.queue(connection, letter, now=now)


def mail_reset_link(connection: Connection, account: Row[Any], *, kit: Kit, now: datetime) -> None:
    """A link to choose a new password, to the contact address; one that was mailed before is void."""
    token, token_hash = kit.new_token()
    expires_at = now + kit.rules.reset_lifetime
    links.replace(
        connection, account.id, links.RESET_PASSWORD, token_hash=token_hash, created_at=now, expires_at=expires_at
    )
    facts = {"expires_at": expires_at.isoformat()}
    secret = kit.keys.lock({"token": token})
    letter = mails.Letter(name=mails.PASSWORD_RESET, account_id=account.id, facts=facts, secret=secret)
    mails.queue(connection, letter, now=now)
    siret = accounts.employer_of(connection, account.id).siret
    asked = api.PasswordResetRequested(account_id=account.id, siret=siret)
    outbox.publish(connection, asked, subject=siret, at=now)


def check_link(connection: Connection, token_hash: str, *, now: datetime) -> Row[Any]:
    """The link while it works; it is not consumed (K8). Raises LinkInvalid."""
    link = links.live(connection, token_hash, purpose=links.RESET_PASSWORD, now=now)
    if link is None:
        raise LinkInvalid
    return link


def send_robot_code(connection: Connection, request: api.SendRobotCode, *, kit: Kit, now: datetime) -> Done:
    """Mail a code to whoever stands behind a live reset link. Raises LinkInvalid, TooManyAttempts."""
    robot.mail_code(connection, request, check_link(connection, request.token_hash, now=now), kit=kit, now=now)
    return Done()


def begin_reset(connection: Connection, request: api.ResetPassword, *, now: datetime) -> bool:
    """Use the solved challenge up, whatever comes of the rest (K14), and hold the account; whether it was unused.

    A refusal is undone to a savepoint after this, so that no other request ever finds the challenge given back.
    """
    ticked = robot.spend(connection, request.solved, now=now)
    if link := links.live(connection, request.token_hash, purpose=links.RESET_PASSWORD, now=now):
        accounts.lock_account(connection, link.account_id)
    return ticked


def reset_password(
    connection: Connection, request: api.ResetPassword, *, ticked: bool, kit: Kit, now: datetime
) -> Done:
    """The new password from now on; every session of the account is ended (S18 to S20).

    Raises LinkInvalid, TooManyAttempts, ResetRefused with all faults. A refusal leaves the link as it was.
    """
    account = _account_behind(connection, request, kit=kit, now=now)
    employer = accounts.employer_of(connection, account.id)
    password = kit.keys.open_password(request.password)
    faults = _faults(request, password, (account, employer), kit=kit)
    if not (ticked or robot.has_code(connection, request.robot_code, now=now)):
        faults.append(ROBOT)
    if faults:
        raise ResetRefused("the form is faulty", ",".join(faults))
    accounts.change_account(connection, account.id, password_hash=kit.passwords.hash(password))
    sessions.end_all(connection, account.id, employer.siret, now=now)
    links.void(connection, account.id, links.CONFIRM_CONTACT, now=now)  # an address that somebody else has asked for
    attempts.clear(connection, limits.of_login(account.identifier_key, "", kit.rules)[0].name)
    known_addresses.remember(connection, request.remote_address, now=now)
    changed = api.PasswordChanged(account_id=account.id, siret=employer.siret)
    outbox.publish(connection, changed, subject=employer.siret, at=now)
    who = {"account_id": account.id, "siret": employer.siret, "remote_address": request.remote_address}
    audit.note(connection, "password_reset", at=now, **who)
    letter = mails.Letter(name=mails.PASSWORD_CHANGED, account_id=account.id, facts={"changed_at": now.isoformat()})
    mails.queue(connection, letter, now=now)
    return Done()


def _faults(request: api.ResetPassword, password: str, whose: tuple[Row[Any], Row[Any]], *, kit: Kit) -> list[str]:
    """Every fault of the form but the robot box, field by field (S18, S19)."""
    account, employer = whose
    context = (account.identifier, employer.legal_name, employer.siret, employer.contact_email.split("@")[0])
    faults = list(domain.unmet_password_rules(password, kit.rules.passwords, context))
    if domain.identifier_key(request.identifier) != account.identifier_key:
        faults.insert(0, IDENTIFIER)
    repeated = kit.keys.open_password(request.repeated) if request.repeated else None
    if repeated is None or domain.normalised(repeated) != domain.normalised(password):
        faults.append("repeated")
    return faults


def _account_behind(connection: Connection, request: api.ResetPassword, *, kit: Kit, now: datetime) -> Row[Any]:
    """The active account of the link, held, and the link used up. Raises LinkInvalid, TooManyAttempts."""
    link = links.live(connection, request.token_hash, purpose=links.RESET_PASSWORD, now=now)
    account = accounts.lock_account(connection, link.account_id) if link else None
    if account is None or account.state != "active":
        raise LinkInvalid
    subjects = limits.of_confirmation(account.id, request.remote_address, kit.rules)
    limits.refuse_while_delayed(connection, subjects, now=now)
    if not links.consume(connection, request.token_hash, purpose=links.RESET_PASSWORD, now=now):
        raise LinkInvalid
    return account


def note_guess(
    connection: Connection, request: api.ResetPassword, refusal: ResetRefused, *, kit: Kit, now: datetime
) -> None:
    """Keep and count a guess, in the transaction that holds the account (K12, K35).

    A wrong identifier or a wrong code is a guess; a box that was not ticked is not.
    """
    faults = refusal.fields
    if IDENTIFIER not in faults and not (ROBOT in faults and request.robot_code):
        return
    link = check_link(connection, request.token_hash, now=now)
    who = {"account_id": link.account_id, "actor": audit.ANONYMOUS, "remote_address": request.remote_address}
    audit.note(connection, "password_reset", at=now, succeeded=False, **who)
    limits.count_failure(
        connection, limits.of_confirmation(link.account_id, request.remote_address, kit.rules), now=now
    )
