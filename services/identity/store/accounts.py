"""Employers, their funders, and the accounts that reach them."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, exists, func, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert

from services.identity.models import account_access, accounts, early_contacts, employer_funders, employers, links

LOCK_EMPLOYER = text("select pg_advisory_xact_lock(hashtextextended('employer ' || :siret, 0))")


def lock_employer(connection: Connection, siret: str) -> None:
    """Nobody else creates or changes this employer until the transaction ends; it need not exist yet."""
    connection.execute(LOCK_EMPLOYER, {"siret": siret})


def employer(connection: Connection, siret: str) -> Row[Any] | None:
    """The employer, if known."""
    return connection.execute(select(employers).where(employers.c.siret == siret)).one_or_none()


def known_employer(connection: Connection, siret: str) -> Row[Any]:
    """The employer of something that could not exist without it."""
    return connection.execute(select(employers).where(employers.c.siret == siret)).one()


def add_employer(connection: Connection, **values: Any) -> None:
    """A new employer."""
    connection.execute(insert(employers).values(**values))


def set_contact(connection: Connection, siret: str, *, email: str, version: int) -> None:
    """Replace the contact address."""
    connection.execute(
        update(employers).where(employers.c.siret == siret).values(contact_email=email, contact_version=version)
    )


def keep_early_contact(connection: Connection, siret: str, *, email: str, version: int, now: datetime) -> None:
    """Remember the address of an employer that is not known yet; the highest version wins."""
    fresh = insert(early_contacts).values(siret=siret, contact_email=email, contact_version=version, heard_at=now)
    values = {name: fresh.excluded[name] for name in ("contact_email", "contact_version", "heard_at")}
    newer = fresh.excluded.contact_version > early_contacts.c.contact_version
    connection.execute(fresh.on_conflict_do_update(index_elements=["siret"], set_=values, where=newer))


def take_early_contact(connection: Connection, siret: str) -> Row[Any] | None:
    """The address that was remembered, which is now forgotten."""
    query = early_contacts.delete().where(early_contacts.c.siret == siret).returning(*early_contacts.c)
    return connection.execute(query).one_or_none()


def remember_funder(connection: Connection, siret: str, contact: dict[str, Any], *, now: datetime) -> None:
    """The funder follows this employer; its newest contact block replaces the one before."""
    fresh = insert(employer_funders).values(siret=siret, name=contact["name"], contact=contact, heard_at=now)
    values = {"contact": fresh.excluded.contact, "heard_at": fresh.excluded.heard_at}
    connection.execute(fresh.on_conflict_do_update(index_elements=["siret", "name"], set_=values))


def funder_contact(connection: Connection, siret: str) -> dict[str, Any] | None:
    """The contact block of the funder heard of last."""
    query = select(employer_funders.c.contact).where(employer_funders.c.siret == siret)
    return connection.execute(query.order_by(employer_funders.c.heard_at.desc()).limit(1)).scalar_one_or_none()


def first_account(connection: Connection, siret: str) -> Row[Any] | None:
    """The account opened first for this employer."""
    query = select(accounts).join(account_access, account_access.c.account_id == accounts.c.id)
    return connection.execute(
        query.where(account_access.c.siret == siret).order_by(accounts.c.created_at).limit(1)
    ).one_or_none()


def add_account(connection: Connection, siret: str, **values: Any) -> None:
    """A new account with access to the employer."""
    connection.execute(insert(accounts).values(**values))
    connection.execute(
        insert(account_access).values(account_id=values["id"], siret=siret, granted_at=values["created_at"])
    )


def lock_account(connection: Connection, account_id: UUID) -> Row[Any] | None:
    """The account, held until the transaction ends."""
    return connection.execute(select(accounts).where(accounts.c.id == account_id).with_for_update()).one_or_none()


def account(connection: Connection, account_id: UUID) -> Row[Any] | None:
    """The account, as it is now."""
    return connection.execute(select(accounts).where(accounts.c.id == account_id)).one_or_none()


def account_by_key(connection: Connection, identifier_key: str) -> Row[Any] | None:
    """The account that this identifier opens."""
    return connection.execute(select(accounts).where(accounts.c.identifier_key == identifier_key)).one_or_none()


def employer_of(connection: Connection, account_id: UUID, *, siret: str | None = None) -> Row[Any]:
    """The employer that the account reached first, or the one named among its own."""
    query = select(employers).join(account_access, account_access.c.siret == employers.c.siret)
    query = query.where(account_access.c.account_id == account_id)
    if siret is not None:
        query = query.where(employers.c.siret == siret)
    return connection.execute(query.order_by(account_access.c.granted_at, employers.c.siret).limit(1)).one()


def change_account(connection: Connection, account_id: UUID, **values: Any) -> None:
    """Set these columns of the account; IntegrityError when the identifier is taken meanwhile."""
    connection.execute(update(accounts).where(accounts.c.id == account_id).values(**values))


def is_identifier_taken(connection: Connection, key: str, *, by_another_than: UUID, now: datetime) -> bool:
    """Whether another account has this identifier, or has asked for it and may still confirm."""
    awaited = exists().where(
        links.c.account_id == accounts.c.id,
        links.c.used_at.is_(None),
        links.c.voided_at.is_(None),
        links.c.expires_at > now,
    )
    own_or_awaited = or_(accounts.c.identifier_key == key, (accounts.c.pending_identifier_key == key) & awaited)
    query = select(func.count()).select_from(accounts).where(own_or_awaited, accounts.c.id != by_another_than)
    return connection.execute(query).scalar_one() > 0
