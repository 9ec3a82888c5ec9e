"""The employer's documents: how they are listed, opened, and judged by the funder."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from espace_contracts import documents as api
from espace_contracts import funder
from espace_contracts.errors import Conflict, NotFound
from sqlalchemy import Connection, Row

from chassis import outbox
from services.documents import answers, cursors
from services.documents.domain import Depositor
from services.documents.store import categories as category_store
from services.documents.store import changes as change_store
from services.documents.store import documents as store
from services.documents.usecases.categories import hidden_keys


class UnknownDocument(Exception):
    """An event speaks of a document, or a version, that this employer does not have."""


def list_documents(connection: Connection, request: api.ListDocuments, *, viewer: Depositor) -> api.Documents:
    """Only the documents tied to neither a dossier nor a beneficiary (S44)."""
    categories = category_store.read_categories(connection)
    shown = [key for key in categories if key not in hidden_keys(categories, show=False)]
    if request.per_category is not None:
        return _newest_of_each(connection, request, shown, categories, viewer=viewer)
    rows = store.employer_documents(
        connection,
        request.siret,
        categories=[key for key in shown if request.category in (None, key)],
        after=cursors.read_moment(request.cursor),
        limit=request.limit + 1,
    )
    page = rows[: request.limit]
    more = len(rows) > request.limit
    cursor = cursors.write(page[-1].deposited_at, page[-1].id) if more else None
    return api.Documents(
        documents=tuple(answers.document(row, categories, viewer=viewer) for row in page), next_cursor=cursor
    )


def _newest_of_each(
    connection: Connection,
    request: api.ListDocuments,
    shown: list[str],
    categories: Mapping[str, api.Category],
    *,
    viewer: Depositor,
) -> api.Documents:
    limit = request.per_category or 1
    rows = store.newest_of_each(connection, request.siret, categories=shown, limit=limit)
    counts = store.count_by_category(connection, request.siret)
    return api.Documents(
        documents=tuple(answers.document(row, categories, viewer=viewer) for row in rows),
        counts={key: count for key, count in counts.items() if key in shown},
    )


def get_document(connection: Connection, siret: str, document_id: UUID, *, viewer: Depositor) -> api.Document:
    """One document of the employer. Raises NotFound, also for another employer's."""
    row = store.get_document(connection, siret, document_id)
    if row is None:
        raise NotFound
    changes = change_store.changes_of(connection, siret, document_id)
    return answers.document(row, category_store.read_categories(connection), viewer=viewer, changes=changes)


@dataclass(frozen=True)
class Opening:
    """A file that may be fetched; who asked for it is noted."""

    document_id: UUID
    version: int
    object_key: str
    file_name: str
    media_type: str
    size: int
    to_draw: dict[str, Any] | None = None  # facts of a file of ours that is not in the store yet


def open_file(connection: Connection, request: api.OpenFile, *, opener: Depositor, now: datetime) -> Opening:
    """Note who opens the file (K35) and say where it lies.

    Raises NotFound; Conflict while the file is not cleared, or when it never will be.
    """
    document = store.get_document(connection, request.siret, request.document_id)
    if document is None:
        raise NotFound
    version = request.version or document.version
    file = store.get_version(connection, request.siret, request.document_id, version)
    if file is None:
        raise NotFound
    if file.scan != "available":
        raise Conflict(f"the file is {file.scan}", "scan")
    store.note_opening(
        connection,
        request.siret,
        document_id=document.id,
        version=version,
        opener_kind=opener.kind,
        opener_name=opener.name,
        opener_account=opener.account_id,
        opened_at=now,
    )
    return Opening(
        document_id=document.id,
        version=version,
        object_key=file.object_key,
        file_name=file.file_name,
        media_type=file.media_type,
        size=file.size,
        to_draw=file.drawn_from if file.drawn_at is None else None,
    )


def record_decision(
    connection: Connection,
    decision: funder.DocumentTakenIntoAccount | funder.DocumentRefused,
    *,
    decided_at: datetime,
    now: datetime,
) -> None:
    """The funder's word on this version of a document: accepted, or to be corrected for a reason.

    The latest decision stands, whatever came first; one on a file that was replaced since changes nothing. What
    changes something is told, once. Raises UnknownDocument.
    """
    document = store.lock_document(connection, decision.siret, decision.document_id)
    if document is None or decision.document_version > document.version:
        raise UnknownDocument
    if decision.document_version < document.version:
        return
    if document.handled_at is not None and document.handled_at >= decided_at:
        return
    reason = decision.reason if isinstance(decision, funder.DocumentRefused) else None
    values = {"handling": "accepted" if reason is None else "to_correct", "reason": reason}
    store.set_document(connection, decision.siret, decision.document_id, **values, handled_at=decided_at)
    if (document.handling, document.reason) != (values["handling"], reason):
        _tell(connection, document, values, now=now)


def _tell(connection: Connection, document: Row[Any], values: dict[str, Any], *, now: datetime) -> None:
    category = category_store.read_categories(connection)[document.category]
    handled = api.DocumentHandled(
        siret=document.siret,
        document_id=document.id,
        version=document.version,
        depositor=document.depositor_kind,
        category=document.category,
        title=document.label or category.label,
        dossier_number=document.dossier_number,
        deposited_at=document.deposited_at,
        **values,
    )
    outbox.publish(connection, handled, subject=str(document.id), at=now)
