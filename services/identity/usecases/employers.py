"""How an employer comes into being: its account, its provisional credentials (S2, S3)."""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from espace_contracts import identity as api
from espace_contracts.errors import Conflict, NotFound
from espace_contracts.funder import Employer
from espace_contracts.types import Funder
from sqlalchemy import Connection, Row

from chassis import outbox
from services.identity import domain
from services.identity.kit import Kit
from services.identity.store import accounts
from services.identity.usecases import audit, contact, forgotten, mails, sessions


def open_account(
    connection: Connection, employer: Employer, funder: Funder, *, kit: Kit, now: datetime
) -> api.AccountAnswer:
    """The employer's account, made at the first request only.

    A later request adds its funder; it never replaces the contact address nor mails again (S2).
    """
    accounts.lock_employer(connection, employer.siret)
    if known := accounts.first_account(connection, employer.siret):
        accounts.remember_funder(connection, employer.siret, funder.model_dump(mode="json"), now=now)
        return api.AccountAnswer(account_id=known.id, siret=employer.siret, state=known.state, created=False)
    early = accounts.take_early_contact(connection, employer.siret)
    accounts.add_employer(
        connection,
        siret=employer.siret,
        legal_name=employer.legal_name,
        contact_email=early.contact_email if early else employer.contact_email,
        contact_version=early.contact_version if early else 0,
        created_at=now,
    )
    accounts.remember_funder(connection, employer.siret, funder.model_dump(mode="json"), now=now)
    account_id = _add_account(connection, employer.siret, kit=kit, now=now)
    created = api.AccountCreated(account_id=account_id, siret=employer.siret)
    outbox.publish(connection, created, subject=employer.siret, at=now)
    audit.note(connection, "account_created", at=now, account_id=account_id, siret=employer.siret, actor=audit.FUNDER)
    return api.AccountAnswer(account_id=account_id, siret=employer.siret, state="provisional", created=True)


def create_account(connection: Connection, request: api.CreateAccount, *, kit: Kit, now: datetime) -> api.AccountAnswer:
    """The same, asked for by a call."""
    return open_account(connection, request.employer, request.funder, kit=kit, now=now)


def _add_account(connection: Connection, siret: str, *, kit: Kit, now: datetime) -> UUID:
    account_id = uuid4()
    identifier = domain.provisional_identifier(kit.choose)
    while accounts.account_by_key(connection, domain.identifier_key(identifier)):
        identifier = domain.provisional_identifier(kit.choose)
    accounts.add_account(
        connection,
        siret,
        id=account_id,
        state="provisional",
        identifier=identifier,
        identifier_key=domain.identifier_key(identifier),
        created_at=now,
    )
    return account_id


def mint_provisional_credentials(connection: Connection, account_id: UUID, *, kit: Kit, now: datetime) -> bool:
    """Make the provisional password and its mail, once; False when that was done before (S3).

    The password is in clear nowhere but in this function: the account keeps its hash, the mail's row the
    encrypted text until the mail server has it. An account that has moved on is left alone.
    """
    account = accounts.lock_account(connection, account_id)
    if account is None or account.state != "provisional" or account.password_hash is not None:
        return False
    _write_credentials(connection, account, kit=kit, now=now)
    return True


def _write_credentials(connection: Connection, account: Row[Any], *, kit: Kit, now: datetime) -> None:
    password = domain.provisional_password(kit.choose)
    expires_at = now + kit.rules.provisional_lifetime
    accounts.change_account(
        connection, account.id, password_hash=kit.passwords.hash(password), provisional_expires_at=expires_at
    )
    letter = mails.Letter(
        name=mails.PROVISIONAL_CREDENTIALS,
        account_id=account.id,
        facts={"identifier": account.identifier, "expires_at": expires_at.isoformat()},
        secret=kit.keys.lock({"password": password}),
    )
    mails.queue(connection, letter, now=now)
    audit.note(connection, "provisional_credentials_minted", at=now, account_id=account.id, actor=audit.SYSTEM)


def reissue_credentials(
    connection: Connection, request: api.ReissueCredentials, *, kit: Kit, now: datetime
) -> api.AccountAnswer:
    """Whatever opens the account, by mail, after correcting the address if asked (S3).

    Before the end of the first login fresh provisional credentials: the ones before are dead, and so is every
    session. Afterwards the identifier and a link to choose a new password: nobody but its holder changes it (S22).
    Raises NotFound for an unknown employer, Conflict when the account is disabled.
    """
    siret = request.siret
    account = _locked_account_of(connection, siret)
    if account.state == "disabled":
        raise Conflict("the account is disabled")
    if request.contact_email is not None:
        contact.correct(connection, siret, account.id, request.contact_email, now=now)
    if account.state == "active":
        audit.note(connection, "way_in_mailed", at=now, account_id=account.id, siret=siret, actor=audit.FUNDER)
        forgotten.mail_identifier(connection, account, now=now)
        forgotten.mail_reset_link(connection, account, kit=kit, now=now)
        return api.AccountAnswer(account_id=account.id, siret=siret, state=account.state, created=False)
    mails.withdraw(connection, account.id, mails.PROVISIONAL_CREDENTIALS, now=now)
    sessions.end_all(connection, account.id, siret, now=now)
    audit.note(connection, "credentials_reissued", at=now, account_id=account.id, siret=siret, actor=audit.FUNDER)
    _write_credentials(connection, account, kit=kit, now=now)
    return api.AccountAnswer(account_id=account.id, siret=siret, state=account.state, created=False)


def disable_account(connection: Connection, request: api.DisableAccount, *, now: datetime) -> api.AccountAnswer:
    """The employer's account opens no session any more, and loses those it has. Raises NotFound."""
    account = _locked_account_of(connection, request.siret)
    if account.state != "disabled":
        accounts.change_account(connection, account.id, state="disabled")
        sessions.end_all(connection, account.id, request.siret, now=now)
        disabled = api.AccountDisabled(account_id=account.id, siret=request.siret)
        outbox.publish(connection, disabled, subject=request.siret, at=now)
        who = {"account_id": account.id, "siret": request.siret, "actor": audit.FUNDER}
        audit.note(connection, "account_disabled", at=now, details={"reason": request.reason}, **who)
    return api.AccountAnswer(account_id=account.id, siret=request.siret, state="disabled", created=False)


def _locked_account_of(connection: Connection, siret: str) -> Row[Any]:
    known = accounts.first_account(connection, siret)
    account = accounts.lock_account(connection, known.id) if known else None
    if account is None:
        raise NotFound
    return account
