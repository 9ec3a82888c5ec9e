"""What the holder of an account may switch off."""

from datetime import datetime

from espace_contracts import identity as api
from espace_contracts.errors import SessionInvalid
from sqlalchemy import Connection

from services.identity.kit import Kit
from services.identity.store import accounts
from services.identity.usecases import audit, sessions


def get(connection: Connection, token_hash: str, *, kit: Kit, now: datetime) -> api.Preferences:
    """What the account behind the session wants. Raises SessionInvalid."""
    current = sessions.live(connection, token_hash, kit=kit, now=now)
    account = accounts.account(connection, current.account_id)
    if account is None:
        raise SessionInvalid
    return api.Preferences(payment_mails=account.payment_mails)


def replace(connection: Connection, request: api.SetPreferences, *, kit: Kit, now: datetime) -> api.Preferences:
    """Keep what the holder wants from now on; a change stands in the journal. Raises SessionInvalid."""
    current = sessions.live(connection, request.token_hash, kit=kit, now=now)
    account = accounts.lock_account(connection, current.account_id)
    if account is None:
        raise SessionInvalid
    if account.payment_mails != request.payment_mails:
        accounts.change_account(connection, account.id, payment_mails=request.payment_mails)
        action = "payment_mails_on" if request.payment_mails else "payment_mails_off"
        audit.note(connection, action, at=now, account_id=account.id, siret=current.siret)
    return api.Preferences(payment_mails=request.payment_mails)
