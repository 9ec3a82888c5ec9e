"""The funder's decisions on deposits are told by mail: those of a short while share one (S48)."""

from datetime import datetime
from typing import Any

from espace_contracts.documents import DocumentHandled
from sqlalchemy import Connection

from services.identity.kit import Kit
from services.identity.store import accounts
from services.identity.store import mails as waiting_mails
from services.identity.usecases import mails

EMPLOYER = "employer"
MOST_IN_A_MAIL = 50
NAMES = {"accepted": mails.DOCUMENTS_ACCEPTED, "to_correct": mails.DOCUMENTS_TO_CORRECT}


def tell(connection: Connection, decision: DocumentHandled, *, kit: Kit, now: datetime) -> bool:
    """The decision is in a mail to the employer's contact; False for another's deposit and a closed account.

    It joins a mail of the same kind that nobody has tried to send yet.
    """
    account = accounts.first_account(connection, decision.siret)
    if decision.depositor != EMPLOYER or account is None or account.state == "disabled":
        return False
    name, entry = NAMES[decision.handling], _entry(decision)
    if not waiting_mails.join(connection, decision.siret, name, entry=entry, at_most=MOST_IN_A_MAIL):
        letter = mails.Letter(name=name, account_id=account.id, facts={"documents": [entry]}, siret=decision.siret)
        mails.queue(connection, letter, now=now, due_at=now + kit.rules.gathering)
    return True


def _entry(decision: DocumentHandled) -> dict[str, Any]:
    named = {"document_id", "title", "dossier_number", "deposited_at", "reason"}
    return decision.model_dump(mode="json", include=named)
