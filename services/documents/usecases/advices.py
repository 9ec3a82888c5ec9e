"""The remittance advice of each payment (S34): its row comes with the payment, its PDF at the first opening."""

import hashlib
from datetime import UTC, datetime, time
from typing import Any
from uuid import UUID, uuid4

from espace_contracts import documents as api
from espace_contracts.errors import NotFound
from espace_contracts.payments import PaymentRecorded
from sqlalchemy import Connection

from chassis import outbox
from services.documents.advice import AdviceFacts, draw
from services.documents.domain import FOLDER, Depositor, name_key, number_key
from services.documents.file_checks import PDF
from services.documents.store import advices as store
from services.documents.store import documents as document_store
from services.documents.store import dossiers as dossier_store
from services.documents.usecases.documents import get_document

CATEGORY = "remittance_advice"


def record_payment(connection: Connection, payment: PaymentRecorded, *, now: datetime) -> None:
    """The payment has its advice; a higher version makes a new version of it, and may move it to another employer."""
    known = store.lock_advice(connection, payment.payment_number)
    if known is not None and known.version >= payment.version:
        return
    if known is not None and known.deposited and known.siret == payment.siret:
        _save(connection, payment.siret, payment, document_id=known.document_id, deposited=True)
        return
    facts = _facts(connection, payment)
    file = _file(facts, now=now)
    issued_at = datetime.combine(payment.paid_on, time(12), UTC)  # lists are by the day of the payment
    if known is not None and known.siret == payment.siret:
        document_id: UUID = known.document_id
        values = {"deposited_at": issued_at} | _found_by(facts)
        number = document_store.add_version(connection, payment.siret, document_id, values=values, file=file)
    else:
        if known is not None:
            store.withdraw(connection, known.siret, known.document_id, now=now)
        document_id = uuid4()
        number = 1
        document = _document(facts, document_id) | {"deposited_at": issued_at} | _found_by(facts)
        document_store.add_document(connection, payment.siret, document=document, file=file)
    _save(connection, payment.siret, payment, document_id=document_id, deposited=False)
    event = api.RemittanceAdviceIssued(
        siret=payment.siret,
        document_id=document_id,
        version=number,
        payment_number=payment.payment_number,
        deposited=False,
    )
    outbox.publish(connection, event, subject=str(document_id), at=now)


def record_deposited(
    connection: Connection, siret: str, payment_number: str, *, document_id: UUID, now: datetime
) -> None:
    """The funder's own advice is the payment's from now on; ours, if there is one, is withdrawn.

    Needs the role that sees all employers: a payment's advice may stand with another one. Raises NotFound then.
    """
    known = store.lock_advice(connection, payment_number)
    if known is not None and known.siret != siret:
        raise NotFound("no such payment", "payment_number")
    if known is not None:
        _take_the_place_of(connection, siret, document_id, known.document_id, now=now)
    version = known.version if known is not None else 0
    values = {"version": version, "document_id": document_id, "deposited": True}
    store.save_advice(connection, siret, payment_number=payment_number, **values)
    event = api.RemittanceAdviceIssued(
        siret=siret, document_id=document_id, version=1, payment_number=payment_number, deposited=True
    )
    outbox.publish(connection, event, subject=str(document_id), at=now)


def _take_the_place_of(
    connection: Connection, siret: str, document_id: UUID, former_id: UUID, *, now: datetime
) -> None:
    """The document is found by what the former one was found by, and that one no more."""
    former = document_store.lock_document(connection, siret, former_id)
    if former is not None:
        keys = {"name_key": former.name_key, "payment_dossier_key": former.payment_dossier_key}
        document_store.set_document(connection, siret, document_id, **keys)
    store.withdraw(connection, siret, former_id, now=now)


def _save(connection: Connection, siret: str, payment: PaymentRecorded, *, document_id: UUID, deposited: bool) -> None:
    values = {"version": payment.version, "document_id": document_id, "deposited": deposited}
    store.save_advice(connection, siret, payment_number=payment.payment_number, **values)
    if deposited:
        document_store.set_document(connection, siret, document_id, **_keys_of(payment))


def _found_by(facts: AdviceFacts) -> dict[str, str]:
    return _keys_of(facts) | {"payment_key": number_key(facts.payment_number)}


def _keys_of(payment: PaymentRecorded | AdviceFacts) -> dict[str, str]:
    """An advice is found by the payment's dossier and beneficiary, and tied to neither (S34)."""
    person = payment.beneficiary
    return {
        "name_key": name_key(person.last_name, person.first_name),
        "payment_dossier_key": number_key(payment.dossier_number),
    }


def title(payment_number: str) -> str:
    """How an advice is called where nobody says otherwise."""
    return f"Avis de virement n° {payment_number}"


def _facts(connection: Connection, payment: PaymentRecorded) -> AdviceFacts:
    named = set(AdviceFacts.model_fields) - {"funder"}
    funder = dossier_store.funder_of(connection, payment.siret, payment.dossier_number)
    return AdviceFacts.model_validate(payment.model_dump(mode="json", include=named) | {"funder": funder})


def _file(facts: AdviceFacts, *, now: datetime) -> dict[str, Any]:
    content = draw(facts)
    return {
        "object_key": FOLDER + uuid4().hex,
        "file_name": f"avis-de-virement-{facts.payment_number}.pdf",
        "media_type": PDF,
        "size": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
        "scan": "available",  # our own bytes
        "created_at": now,
        "drawn_from": facts.model_dump(mode="json"),
    }


def _document(facts: AdviceFacts, document_id: UUID) -> dict[str, Any]:
    return {
        "id": document_id,
        "category": CATEGORY,
        "payment_number": facts.payment_number,
        "label": title(facts.payment_number),
        "depositor_kind": "funder",
        "depositor_name": facts.funder.name if facts.funder else "Transitions Pro",
        "handling": "received",
        "details": [],
    }


def get_advice(connection: Connection, request: api.GetAdvice, *, viewer: Depositor) -> api.Document:
    """The advice of a payment. Raises NotFound, also for another employer's."""
    document_id = store.find_advice(connection, request.siret, request.payment_number)
    if document_id is None:
        raise NotFound
    return get_document(connection, request.siret, document_id, viewer=viewer)


def note_drawn(
    connection: Connection, siret: str, document_id: UUID, version: int, *, content: bytes, now: datetime
) -> None:
    """The PDF is kept from now on; its size may differ when a newer release has drawn it."""
    digest = hashlib.sha256(content).hexdigest()
    store.set_drawn(connection, siret, document_id, version, size=len(content), sha256=digest, drawn_at=now)
