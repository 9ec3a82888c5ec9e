"""The employer's contact address: told by the funder, or changed by the employer behind a mailed link (S2).

An own change keeps the version of the funder's last word, so that the funder's next one, at a higher version,
still counts; whatever changes the address voids a link that waits.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from espace_contracts import identity as api
from espace_contracts.errors import Conflict, InvalidRequest, LinkInvalid, WrongCredentials
from espace_contracts.funder import EmployerContactChanged
from espace_contracts.rpc import Done
from sqlalchemy import Connection, Row

from chassis import outbox
from services.identity import domain
from services.identity.kit import Kit
from services.identity.store import accounts, links
from services.identity.store import mails as waiting_mails
from services.identity.usecases import audit, limits, mails, sessions

ADDRESS = "contact_email"


def follow_funder(connection: Connection, change: EmployerContactChanged, *, now: datetime) -> bool:
    """The employer's contact address from now on; the old address is told (S2). The highest version wins.

    The address of an employer not yet known here is kept for when it is. False when nothing changed.
    """
    accounts.lock_employer(connection, change.siret)
    employer = accounts.employer(connection, change.siret)
    email, version = change.contact_email, change.version
    if employer is None:
        accounts.keep_early_contact(connection, change.siret, email=email, version=version, now=now)
        return False
    if version <= employer.contact_version:
        return False
    accounts.set_contact(connection, change.siret, email=email, version=version)
    account = accounts.first_account(connection, change.siret)
    if account is None:
        return False
    links.void(connection, account.id, links.CONFIRM_CONTACT, now=now)
    if email == employer.contact_email:
        return False
    waiting_mails.redirect(connection, change.siret, old=employer.contact_email, new=email)
    _tell_old_address(connection, account.id, old=employer.contact_email, new=email, by=audit.FUNDER, now=now)
    audit.note(connection, "contact_changed", at=now, account_id=account.id, siret=change.siret, actor=audit.FUNDER)
    return True


def correct(connection: Connection, siret: str, account_id: UUID, email: str, *, now: datetime) -> None:
    """Another address at the same version, by the funder's hand: its next `EmployerContactChanged` still counts."""
    employer = accounts.employer(connection, siret)
    if employer is None or employer.contact_email == email:
        return
    accounts.set_contact(connection, siret, email=email, version=employer.contact_version)
    links.void(connection, account_id, links.CONFIRM_CONTACT, now=now)
    _tell_old_address(connection, account_id, old=employer.contact_email, new=email, by=audit.FUNDER, now=now)
    audit.note(connection, "contact_changed", at=now, account_id=account_id, siret=siret, actor=audit.FUNDER)


def _tell_old_address(connection: Connection, account_id: UUID, *, old: str, new: str, by: str, now: datetime) -> None:
    facts = {"masked_new_address": domain.masked_email(new), "by": by}
    letter = mails.Letter(name=mails.CONTACT_CHANGED, account_id=account_id, facts=facts, recipient=old)
    mails.queue(connection, letter, now=now)


def get(connection: Connection, token_hash: str, *, kit: Kit, now: datetime) -> api.Contact:
    """The address, and the one that waits for its link. Raises SessionInvalid."""
    session = sessions.live(connection, token_hash, kit=kit, now=now)
    link = links.live_of_account(connection, session.account_id, purpose=links.CONFIRM_CONTACT, now=now)
    waiting = {"wanted_email": link.details[ADDRESS], "link_expires_at": link.expires_at} if link else {}
    return api.Contact(contact_email=session.contact_email, **waiting)


def hold_account(connection: Connection, request: api.RequestContactChange, *, kit: Kit, now: datetime) -> Row[Any]:
    """The caller's session, its account held: of many guesses the next starts when this one is counted (K12)."""
    session = sessions.live(connection, request.token_hash, kit=kit, now=now)
    accounts.lock_account(connection, session.account_id)
    return session


def request_change(
    connection: Connection, request: api.RequestContactChange, *, session: Row[Any], kit: Kit, now: datetime
) -> api.Contact:
    """Mail a link to the wanted address and word of it to the present one, which stays until the link is followed.

    Raises Conflict before the first login is over, TooManyAttempts, WrongCredentials, InvalidRequest("contact_email").
    """
    account = accounts.account(connection, session.account_id)
    if account is None or account.state != "active":
        raise Conflict("the first login is not over")
    subjects = limits.of_confirmation(account.id, request.remote_address, kit.rules)
    limits.refuse_while_delayed(connection, subjects, now=now)
    if not kit.passwords.check(account.password_hash, kit.keys.open_password(request.password)).matches:
        raise WrongCredentials
    if request.contact_email.casefold() == session.contact_email.casefold():
        raise InvalidRequest("is the contact address already", ADDRESS)
    mails.limit(connection, account.id, mails.CONTACT_LINK, kit.rules.confirmation_mails_an_hour, now=now)
    _mail_link(connection, request.contact_email, session, kit=kit, now=now)
    who = {"account_id": account.id, "siret": session.siret, "remote_address": request.remote_address}
    audit.note(connection, "contact_change_requested", at=now, **who)
    return get(connection, request.token_hash, kit=kit, now=now)


def _mail_link(connection: Connection, wanted: str, session: Row[Any], *, kit: Kit, now: datetime) -> None:
    token, token_hash = kit.new_token()
    expires_at = now + kit.rules.link_lifetime
    details = {"siret": session.siret, ADDRESS: wanted}
    times = {"created_at": now, "expires_at": expires_at}
    links.replace(
        connection, session.account_id, links.CONFIRM_CONTACT, token_hash=token_hash, details=details, **times
    )
    mails.withdraw(connection, session.account_id, mails.CONTACT_LINK, now=now)
    facts = {"identifier": session.identifier, "expires_at": expires_at.isoformat()}
    link = mails.Letter(
        mails.CONTACT_LINK, session.account_id, facts=facts, secret=kit.keys.lock({"token": token}), recipient=wanted
    )
    word = mails.Letter(
        mails.CONTACT_REQUESTED, session.account_id, facts={"masked_new_address": domain.masked_email(wanted)}
    )
    for letter in (link, word):
        mails.queue(connection, letter, now=now)


def note_wrong_password(
    connection: Connection, request: api.RequestContactChange, session: Row[Any], *, kit: Kit, now: datetime
) -> None:
    """Keep and count the failure, in the transaction that holds the account (K12, K35)."""
    who = {"account_id": session.account_id, "siret": session.siret, "remote_address": request.remote_address}
    audit.note(connection, "contact_change_requested", at=now, succeeded=False, **who)
    subjects = limits.of_confirmation(session.account_id, request.remote_address, kit.rules)
    limits.count_failure(connection, subjects, now=now)


def get_link(connection: Connection, request: api.LinkToken, *, now: datetime) -> api.ContactLink:
    """The address behind a live link; nothing is consumed (K8). Raises LinkInvalid."""
    return api.ContactLink(contact_email=_link_behind(connection, request.token_hash, now=now).details[ADDRESS])


def _link_behind(connection: Connection, token_hash: str, *, now: datetime) -> Row[Any]:
    link = links.live(connection, token_hash, purpose=links.CONFIRM_CONTACT, now=now)
    account = accounts.account(connection, link.account_id) if link else None
    if link is None or account is None or account.state != "active":
        raise LinkInvalid
    return link


def confirm(connection: Connection, request: api.ConfirmContact, *, now: datetime) -> Done:
    """The address of the link from now on; the old one is told. Raises LinkInvalid."""
    link = _link_behind(connection, request.token_hash, now=now)
    siret, email = link.details["siret"], link.details[ADDRESS]
    accounts.lock_employer(connection, siret)
    if not links.consume(connection, request.token_hash, purpose=links.CONFIRM_CONTACT, now=now):
        raise LinkInvalid
    employer = accounts.known_employer(connection, siret)
    accounts.set_contact(connection, siret, email=email, version=employer.contact_version)
    waiting_mails.redirect(connection, siret, old=employer.contact_email, new=email)
    _tell_old_address(connection, link.account_id, old=employer.contact_email, new=email, by=audit.HOLDER, now=now)
    confirmed = api.ContactConfirmed(account_id=link.account_id, siret=siret, contact_email=email)
    outbox.publish(connection, confirmed, subject=siret, at=now)
    who = {"account_id": link.account_id, "siret": siret, "remote_address": request.remote_address}
    audit.note(connection, "contact_changed", at=now, **who)
    return Done()
