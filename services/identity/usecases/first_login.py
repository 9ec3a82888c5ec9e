"""The first login: own credentials, the mailed link, the privacy policy (S5 to S14)."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from espace_contracts import identity as api
from espace_contracts.errors import (
    Conflict,
    IdentifierTaken,
    InvalidRequest,
    LinkInvalid,
    WeakPassword,
    WrongCredentials,
)
from sqlalchemy import Connection, Row
from sqlalchemy.exc import IntegrityError

from chassis import outbox
from services.identity import domain
from services.identity.kit import Kit
from services.identity.store import accounts, links
from services.identity.store import sessions as store
from services.identity.usecases import audit, limits, mails, sessions


def personalise(connection: Connection, request: api.Personalise, *, kit: Kit, now: datetime) -> api.Personalised:
    """Keep the wanted identifier and password until the mailed link confirms them (S5, S8, S9).

    Raises SessionInvalid, Conflict, InvalidRequest("identifier"), IdentifierTaken, WeakPassword, TooManyAttempts.
    """
    session, account = _account_in_wizard(connection, request.token_hash, kit=kit, now=now)
    limits.refuse_while_delayed(connection, (limits.of_choice(account.id, kit.rules),), now=now)
    identifier = domain.normalised(request.identifier.strip())
    _check_identifier(connection, identifier, session, account, now)
    password = kit.keys.open_password(request.password)
    context = (identifier, account.identifier, session.legal_name, session.siret, session.contact_email.split("@")[0])
    broken = domain.unmet_password_rules(password, kit.rules.passwords, context)
    if not broken and kit.passwords.check(account.password_hash, password).matches:
        broken = (domain.COMMON,)  # the provisional password cannot become the final one (K5)
    if broken:
        raise WeakPassword("the password breaks rules", ",".join(broken))
    accounts.change_account(
        connection,
        account.id,
        state="pending_confirmation",
        pending_identifier=identifier,
        pending_identifier_key=domain.identifier_key(identifier),
        pending_password_hash=kit.passwords.hash(password),
    )
    requested = api.IdentifierChangeRequested(account_id=account.id, siret=session.siret)
    outbox.publish(connection, requested, subject=session.siret, at=now)
    audit.note(connection, "identifier_change_requested", at=now, account_id=account.id, siret=session.siret)
    return _mail_link(connection, session, account, identifier, kit=kit, now=now)


def note_taken(connection: Connection, request: api.Personalise, *, kit: Kit, now: datetime) -> None:
    """Count a wish for what somebody else has: it tells that there is such an identifier, so not many are heard (K13)."""
    session = sessions.live(connection, request.token_hash, kit=kit, now=now)
    audit.note(
        connection, "identifier_taken", at=now, succeeded=False, account_id=session.account_id, siret=session.siret
    )
    limits.count_failure(connection, (limits.of_choice(session.account_id, kit.rules),), now=now)


def _account_in_wizard(
    connection: Connection, token_hash: str, *, kit: Kit, now: datetime
) -> tuple[Row[Any], Row[Any]]:
    """The session and its account, held, while the wizard is open to it. Raises SessionInvalid, Conflict."""
    session = sessions.live(connection, token_hash, kit=kit, now=now)
    account = accounts.lock_account(connection, session.account_id)
    if account is None or account.state not in sessions.WITH_PROVISIONAL_CREDENTIALS:
        raise Conflict("the first login is over")
    return session, account


def _check_identifier(
    connection: Connection, identifier: str, session: Row[Any], account: Row[Any], now: datetime
) -> None:
    if not domain.is_usable_identifier(identifier, session.contact_email):
        raise InvalidRequest("visible text of 100 characters at most, not the contact address", "identifier")
    key = domain.identifier_key(identifier)
    if key == account.identifier_key:
        raise IdentifierTaken("the provisional identifier cannot be kept")
    if accounts.is_identifier_taken(connection, key, by_another_than=account.id, now=now):
        raise IdentifierTaken


def resend_confirmation(
    connection: Connection, request: api.SessionWrite, *, kit: Kit, now: datetime
) -> api.Personalised:
    """Mail a new link, which voids the one before (S9). Raises SessionInvalid, Conflict, TooManyAttempts."""
    session, account = _account_in_wizard(connection, request.token_hash, kit=kit, now=now)
    if account.pending_identifier is None:
        raise Conflict("no identifier was chosen yet")
    audit.note(connection, "confirmation_resent", at=now, account_id=account.id, siret=session.siret)
    return _mail_link(connection, session, account, account.pending_identifier, kit=kit, now=now)


def _mail_link(
    connection: Connection, session: Row[Any], account: Row[Any], identifier: str, *, kit: Kit, now: datetime
) -> api.Personalised:
    """The mail with old and new identifier and the link (S8); the token is in clear in that mail only."""
    mails.limit(connection, account.id, mails.IDENTIFIER_CHANGE, kit.rules.confirmation_mails_an_hour, now=now)
    token, token_hash = kit.new_token()
    expires_at = now + kit.rules.link_lifetime
    links.replace(
        connection, account.id, links.CONFIRM_IDENTIFIER, token_hash=token_hash, created_at=now, expires_at=expires_at
    )
    facts = {"old_identifier": account.identifier, "new_identifier": identifier, "expires_at": expires_at.isoformat()}
    secret = kit.keys.lock({"token": token})
    letter = mails.Letter(name=mails.IDENTIFIER_CHANGE, account_id=account.id, facts=facts, secret=secret)
    mails.queue(connection, letter, now=now)
    return api.Personalised(
        identifier=identifier,
        masked_contact_email=domain.masked_email(session.contact_email),
        link_expires_at=expires_at,
    )


def get_confirmation(connection: Connection, request: api.LinkToken, *, now: datetime) -> api.ConfirmationLink:
    """The identifier behind a live link; nothing is consumed (K8). Raises LinkInvalid."""
    account = _account_behind(connection, request.token_hash, find=accounts.account, now=now)
    return api.ConfirmationLink(identifier=account.pending_identifier)


def _account_behind(
    connection: Connection, token_hash: str, *, find: Callable[[Connection, UUID], Row[Any] | None], now: datetime
) -> Row[Any]:
    link = links.live(connection, token_hash, purpose=links.CONFIRM_IDENTIFIER, now=now)
    account = find(connection, link.account_id) if link else None
    if account is None or account.state == "disabled" or account.pending_identifier is None:
        raise LinkInvalid
    return account


def hold_account(connection: Connection, request: api.ConfirmIdentifier, *, now: datetime) -> None:
    """Of many attempts at a time the next one starts when this one's failure is counted (K12)."""
    if link := links.live(connection, request.token_hash, purpose=links.CONFIRM_IDENTIFIER, now=now):
        accounts.lock_account(connection, link.account_id)


def confirm_identifier(
    connection: Connection, request: api.ConfirmIdentifier, *, kit: Kit, now: datetime
) -> api.Session:
    """Make the pending credentials the only ones, and open a session with them (S9, S10, S14).

    The link is used up before the slow comparison, so that of many at a time one compares and the others are
    refused at once (K9); a wrong password rolls that back.
    Raises LinkInvalid, TooManyAttempts, WrongCredentials, IdentifierTaken.
    """
    address = request.session.remote_address
    account = _account_behind(connection, request.token_hash, find=accounts.lock_account, now=now)
    limits.refuse_while_delayed(connection, limits.of_confirmation(account.id, address, kit.rules), now=now)
    if not links.consume(connection, request.token_hash, purpose=links.CONFIRM_IDENTIFIER, now=now):
        raise LinkInvalid
    if not kit.passwords.check(account.pending_password_hash, kit.keys.open_password(request.password)).matches:
        raise WrongCredentials
    _take_over_pending(connection, account)
    siret = accounts.employer_of(connection, account.id).siret
    sessions.end_all(connection, account.id, siret, now=now)
    confirmed = api.IdentifierChangeConfirmed(account_id=account.id, siret=siret)
    outbox.publish(connection, confirmed, subject=siret, at=now)
    who = {"account_id": account.id, "siret": siret, "remote_address": address}
    audit.note(connection, "identifier_confirmed", at=now, **who)
    facts = {"identifier": account.pending_identifier, "confirmed_at": now.isoformat()}
    mails.queue(connection, mails.Letter(name=mails.IDENTIFIER_CONFIRMED, account_id=account.id, facts=facts), now=now)
    return sessions.open_for(connection, account, request.session, kit=kit, now=now)


def _take_over_pending(connection: Connection, account: Row[Any]) -> None:
    """The pending credentials replace the provisional ones, which are gone (S14). Raises IdentifierTaken."""
    try:
        with connection.begin_nested():
            accounts.change_account(
                connection,
                account.id,
                state="active",
                identifier=account.pending_identifier,
                identifier_key=account.pending_identifier_key,
                password_hash=account.pending_password_hash,
                provisional_expires_at=None,
                pending_identifier=None,
                pending_identifier_key=None,
                pending_password_hash=None,
            )
    except IntegrityError as exc:
        raise IdentifierTaken from exc


def note_wrong_confirmation(connection: Connection, request: api.ConfirmIdentifier, *, kit: Kit, now: datetime) -> None:
    """Keep and count the failure, in the transaction that holds the account (K12, K35)."""
    address = request.session.remote_address
    account = _account_behind(connection, request.token_hash, find=accounts.account, now=now)
    who = {"account_id": account.id, "actor": audit.ANONYMOUS, "remote_address": address}
    audit.note(connection, "identifier_confirmed", at=now, succeeded=False, **who)
    limits.count_failure(connection, limits.of_confirmation(account.id, address, kit.rules), now=now)


def accept_privacy_policy(
    connection: Connection, request: api.AcceptPrivacyPolicy, *, kit: Kit, now: datetime
) -> api.Session:
    """Record the acceptance, version and time (S12). Raises SessionInvalid, Conflict before the first login is over."""
    session = sessions.live(connection, request.token_hash, kit=kit, now=now)
    if session.state != "active":
        raise Conflict("the first login is not over")
    if store.accept_policy(connection, session.account_id, request.policy_version, now=now):
        accepted = api.PrivacyPolicyAccepted(
            account_id=session.account_id, siret=session.siret, policy_version=request.policy_version
        )
        outbox.publish(connection, accepted, subject=session.siret, at=now)
        details = {"policy_version": request.policy_version}
        who = {"account_id": session.account_id, "siret": session.siret, "details": details}
        audit.note(connection, "privacy_policy_accepted", at=now, **who)
    return sessions.answer(sessions.live(connection, request.token_hash, kit=kit, now=now))
