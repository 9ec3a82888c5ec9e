"""Changes of own deposits: another file, another category, the trash and back (S48 to S50)."""

from datetime import datetime
from typing import Any
from uuid import UUID

from espace_contracts import documents as api
from espace_contracts.errors import Conflict, NotAllowed, NotFound
from sqlalchemy import Connection, Row

from chassis import outbox
from services.documents import answers, cursors, domain
from services.documents.domain import Depositor
from services.documents.free_fields import read_details
from services.documents.store import categories as category_store
from services.documents.store import changes as store
from services.documents.store import documents as document_store
from services.documents.store import dossiers as dossier_store
from services.documents.usecases import advices
from services.documents.usecases.categories import open_category


def own_document(connection: Connection, siret: str, document_id: UUID, *, changer: Depositor) -> Row[Any]:
    """The changer's own deposit, locked, as long as it may change.

    Raises NotFound; NotAllowed for a deposit of somebody else that the changer may read (S50); Conflict once the
    funder has taken it into account (S48).
    """
    document = document_store.lock_document(connection, siret, document_id)
    if document is None or document.deleted_at is not None:
        raise NotFound
    _check_own(document, changer)
    if document.handling == "accepted":
        raise Conflict("the funder has taken the document into account", "handling")
    return document


def _check_own(document: Row[Any], changer: Depositor) -> None:
    if domain.is_own(changer, depositor_kind=document.depositor_kind, depositor_name=document.depositor_name):
        return
    if domain.reads_all(changer):
        raise NotAllowed("the document was deposited by somebody else", "document_id")
    raise NotFound


def replace_file(
    connection: Connection, document: Row[Any], file: dict[str, Any], *, changer: Depositor, now: datetime
) -> int:
    """Another file under the same id; it waits for the funder's judgement anew. Its version."""
    values = {"handling": "received", "reason": None}
    version = document_store.add_version(connection, document.siret, document.id, values=values, file=file)
    _note(connection, document, "replaced", changer=changer, now=now, version=version)
    event = api.DocumentReplaced(
        siret=document.siret,
        account_id=changer.account_id,
        document_id=document.id,
        version=version,
        depositor=document.depositor_kind,
        category=document.category,
        dossier_number=document.dossier_number,
        sha256=file["sha256"],
        size=file["size"],
    )
    outbox.publish(connection, event, subject=str(document.id), at=now)
    return version


def recategorise(
    connection: Connection, request: api.RecategoriseDocument, *, changer: Depositor, now: datetime
) -> api.Document:
    """The deposit stands under another category, with the fields that this one asks for.

    Raises what `own_document` raises; InvalidRequest, NotFound for a dossier, FileRefused when the category takes
    no such file.
    """
    document = own_document(connection, request.siret, request.document_id, changer=changer)
    details = _check_move(connection, document, request, changer=changer)
    person = request.beneficiary
    document_store.set_document(
        connection,
        request.siret,
        document.id,
        handling="received",
        reason=None,
        name_key=domain.name_key(person.last_name, person.first_name) if person else None,
        details=details,
        **domain.described(request),
    )
    previous = {name: getattr(document, name) for name in ("category", "dossier_number", "label", "details")}
    _note(connection, document, "recategorised", changer=changer, now=now, previous=previous)
    event = api.DocumentRecategorised(
        siret=request.siret,
        account_id=changer.account_id,
        document_id=document.id,
        version=document.version,
        category=request.category,
        previous_category=document.category,
        dossier_number=request.dossier_number,
    )
    outbox.publish(connection, event, subject=str(document.id), at=now)
    return _answer(connection, document_store.get_document(connection, request.siret, document.id), viewer=changer)


def _check_move(
    connection: Connection, document: Row[Any], request: api.RecategoriseDocument, *, changer: Depositor
) -> list[dict[str, Any]]:
    """The values of the new category's own fields, once *document* may stand there."""
    if document.payment_number is not None:
        raise Conflict("an advice stays with its payment", "payment_number")
    category = open_category(connection, request.category)
    domain.check_described(category, request, depositor_kind=changer.kind)
    details = read_details(category, request.details)
    file = document_store.get_version(connection, request.siret, document.id, document.version)
    if file is None:
        raise NotFound
    domain.check_announced(category, file_name=file.file_name, size=file.size)
    if request.dossier_number and not dossier_store.has_dossier(connection, request.siret, request.dossier_number):
        raise NotFound("no such dossier", "dossier_number")
    return details


def delete(connection: Connection, request: api.DeleteDocument, *, changer: Depositor, now: datetime) -> api.Document:
    """The deposit is in the trash. Raises what `own_document` raises."""
    document = own_document(connection, request.siret, request.document_id, changer=changer)
    document_store.set_document(connection, request.siret, document.id, deleted_at=now)
    _note(connection, document, "deleted", changer=changer, now=now)
    event = api.DocumentDeleted(
        siret=request.siret,
        account_id=changer.account_id,
        document_id=document.id,
        version=document.version,
        restorable_until=now + domain.RESTORABLE,
    )
    outbox.publish(connection, event, subject=str(document.id), at=now)
    if document.payment_number is not None:
        number = document.payment_number
        advices.return_to_drawn(connection, request.siret, number, document_id=document.id, now=now)
    return _answer(connection, store.deleted_document(connection, request.siret, document.id), viewer=changer)


def restore(connection: Connection, request: api.RestoreDocument, *, changer: Depositor, now: datetime) -> api.Document:
    """The deposit is back where it was. Raises NotFound when it is not in the trash or was there too long, NotAllowed.

    An advice of the funder's own is the payment's again; NotFound when that has moved to another employer.
    """
    document = document_store.lock_document(connection, request.siret, request.document_id)
    if document is None or document.deleted_at is None or document.purging_at is not None:
        raise NotFound
    _check_own(document, changer)
    if now >= document.deleted_at + domain.RESTORABLE:
        raise NotFound
    document_store.set_document(connection, request.siret, document.id, deleted_at=None)
    _note(connection, document, "restored", changer=changer, now=now)
    event = api.DocumentRestored(
        siret=request.siret, account_id=changer.account_id, document_id=document.id, version=document.version
    )
    outbox.publish(connection, event, subject=str(document.id), at=now)
    if document.payment_number is not None:
        number = document.payment_number
        advices.record_deposited(connection, request.siret, number, document_id=document.id, now=now)
    return _answer(connection, document_store.get_document(connection, request.siret, document.id), viewer=changer)


def list_deleted(
    connection: Connection, request: api.ListDeletedDocuments, *, viewer: Depositor, now: datetime
) -> api.Documents:
    """What the employer can still restore."""
    rows = store.deleted_documents(
        connection,
        request.siret,
        depositor_kind=viewer.kind,
        deleted_after=now - domain.RESTORABLE,
        before=cursors.read_moment(request.cursor),
        limit=request.limit + 1,
    )
    page = rows[: request.limit]
    categories = category_store.read_categories(connection)
    more = len(rows) > request.limit
    return api.Documents(
        documents=tuple(answers.document(row, categories, viewer=viewer) for row in page),
        next_cursor=cursors.write(page[-1].deleted_at, page[-1].id) if more else None,
    )


def _note(
    connection: Connection, document: Row[Any], change: str, *, changer: Depositor, now: datetime, **more: Any
) -> None:
    values = {"version": document.version} | more
    store.note_change(
        connection,
        document.siret,
        document_id=document.id,
        change=change,
        changer_kind=changer.kind,
        changer_name=changer.name,
        changer_account=changer.account_id,
        changed_at=now,
        **values,
    )


def _answer(connection: Connection, row: Row[Any] | None, *, viewer: Depositor) -> api.Document:
    if row is None:
        raise NotFound
    return answers.document(row, category_store.read_categories(connection), viewer=viewer)
