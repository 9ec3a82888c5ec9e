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
from services.documents.advice import TYPICAL_SIZE, AdviceFacts
from services.documents.domain import FOLDER, Depositor, name_key, number_key
from services.documents.file_checks import PDF
from services.documents.store import advices as store
from services.documents.store import documents as document_store
from services.documents.store import dossiers as dossier_store
from services.documents.usecases.documents import get_document

CATEGORY = "remittance_advice"
NOT_DRAWN = "0" * 64


def record_payment(connection: Connection, payment: PaymentRecorded, *, now: datetime) -> None:
    """The payment has its advice; a higher version makes a new version of it, and may move it to another employer."""
    known = store.lock_advice(connection, payment.payment_number)
    if known is not None and known.version >= payment.version:
        return
    facts = _facts(connection, payment)
    if known is not None and known.deposited and known.siret == payment.siret:
        _save(connection, facts, version=payment.version, document_id=known.document_id, deposited=True)
        return
    file = _file(facts, now=now)
    issued_at = _issued_at(facts)
    if known is not None and known.siret == payment.siret:
        document_id: UUID = known.document_id
        values = {"deposited_at": issued_at} | _found_by(facts)
        number = document_store.add_version(connection, payment.siret, document_id, values=values, file=file)
    else:
        if known is not None:
            store.withdraw(connection, known.siret, known.document_id, now=now)
        document_id, number = _add(connection, payment.siret, facts, file), 1
    _save(connection, facts, version=payment.version, document_id=document_id, deposited=False)
    _tell(connection, payment.siret, payment.payment_number, document_id, version=number, deposited=False, now=now)


def _issued_at(facts: AdviceFacts) -> datetime:
    """Lists are by the day of the payment."""
    return datetime.combine(facts.paid_on, time(12), UTC)


def _add(connection: Connection, siret: str, facts: AdviceFacts, file: dict[str, Any]) -> UUID:
    document_id = uuid4()
    document = _document(facts, document_id) | {"deposited_at": _issued_at(facts)} | _found_by(facts)
    document_store.add_document(connection, siret, document=document, file=file)
    return document_id


def _tell(
    connection: Connection,
    siret: str,
    payment_number: str,
    document_id: UUID,
    *,
    version: int,
    deposited: bool,
    now: datetime,
) -> None:
    event = api.RemittanceAdviceIssued(
        siret=siret, document_id=document_id, version=version, payment_number=payment_number, deposited=deposited
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
    _tell(connection, siret, payment_number, document_id, version=1, deposited=True, now=now)


def return_to_drawn(
    connection: Connection, siret: str, payment_number: str, *, document_id: UUID, now: datetime
) -> None:
    """The funder has deleted its own advice: ours is the payment's again, as the newest facts have it."""
    known = store.lock_advice(connection, payment_number)
    if known is None or known.document_id != document_id or known.facts is None:
        return
    facts = AdviceFacts.model_validate(known.facts)
    drawn = _add(connection, siret, facts, _file(facts, now=now))
    _save(connection, facts, version=known.version, document_id=drawn, deposited=False)
    _tell(connection, siret, payment_number, drawn, version=1, deposited=False, now=now)


def _take_the_place_of(
    connection: Connection, siret: str, document_id: UUID, former_id: UUID, *, now: datetime
) -> None:
    """The document is found by what the former one was found by, and that one no more."""
    former = document_store.lock_document(connection, siret, former_id)
    if former is not None:
        keys = {"name_key": former.name_key, "payment_dossier_key": former.payment_dossier_key}
        document_store.set_document(connection, siret, document_id, **keys)
    store.withdraw(connection, siret, former_id, now=now)


def _save(connection: Connection, facts: AdviceFacts, *, version: int, document_id: UUID, deposited: bool) -> None:
    siret = facts.siret or ""
    values = {"version": version, "document_id": document_id, "deposited": deposited}
    values["facts"] = facts.model_dump(mode="json")
    store.save_advice(connection, siret, payment_number=facts.payment_number, **values)
    if deposited:
        document_store.set_document(connection, siret, document_id, **_keys_of(facts))


def _found_by(facts: AdviceFacts) -> dict[str, str]:
    return _keys_of(facts) | {"payment_key": number_key(facts.payment_number)}


def _keys_of(payment: AdviceFacts) -> dict[str, str]:
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
    """What is known of a page that is drawn at its first opening: of its bytes, only about how many they will be."""
    return {
        "object_key": FOLDER + uuid4().hex,
        "file_name": f"avis-de-virement-{facts.payment_number}.pdf",
        "media_type": PDF,
        "size": TYPICAL_SIZE,
        "sha256": NOT_DRAWN,
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
    """The PDF is kept from now on."""
    digest = hashlib.sha256(content).hexdigest()
    store.set_drawn(connection, siret, document_id, version, size=len(content), sha256=digest, drawn_at=now)
