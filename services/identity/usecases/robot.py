"""The robot box of the reset page: a solved challenge, or a mailed code where no script runs (S18, K14)."""

from datetime import datetime, timedelta
from typing import Any

from espace_contracts import identity as api
from espace_contracts.errors import LinkInvalid
from sqlalchemy import Connection, Row

from services.identity import domain
from services.identity.kit import Kit
from services.identity.store import accounts, challenges, links
from services.identity.usecases import audit, limits, mails

CODE = "robot_code"
CODE_LIFETIME = timedelta(minutes=20)


def has_code(connection: Connection, code_hash: str | None, *, now: datetime) -> bool:
    """Whether this mailed code works; it is used up with the rest, so that a slip elsewhere asks for no other mail."""
    return code_hash is not None and links.consume(connection, code_hash, purpose=CODE, now=now)


def spend(connection: Connection, solved: api.SolvedChallenge | None, *, now: datetime) -> bool:
    """Use up a solved challenge: False without one, or when it is late or was used before."""
    if solved is None or solved.expires_at <= now:
        return False
    return challenges.spend(connection, solved.digest, expires_at=solved.expires_at)


def mail_code(connection: Connection, request: api.SendRobotCode, link: Row[Any], *, kit: Kit, now: datetime) -> None:
    """Mail a code that stands for the tick, to the address that the link went to. Raises TooManyAttempts."""
    account = accounts.lock_account(connection, link.account_id)
    if account is None or account.state != "active":
        raise LinkInvalid
    subjects = limits.of_confirmation(account.id, request.remote_address, kit.rules)
    limits.refuse_while_delayed(connection, subjects, now=now)
    mails.limit(connection, account.id, mails.ROBOT_CODE, kit.rules.confirmation_mails_an_hour, now=now)
    code = domain.robot_code(kit.choose)
    expires_at = now + CODE_LIFETIME
    token_hash = api.robot_code_hash(request.token_hash, code)
    links.replace(connection, account.id, CODE, token_hash=token_hash, created_at=now, expires_at=expires_at)
    facts = {"expires_at": expires_at.isoformat()}
    letter = mails.Letter(
        name=mails.ROBOT_CODE, account_id=account.id, facts=facts, secret=kit.keys.lock({"code": code})
    )
    mails.queue(connection, letter, now=now)
    who = {"account_id": account.id, "actor": audit.ANONYMOUS, "remote_address": request.remote_address}
    audit.note(connection, "robot_code_sent", at=now, **who)
