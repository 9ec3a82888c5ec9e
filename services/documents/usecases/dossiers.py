"""The employer's dossiers: how they come, how they are found and shown."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from espace_contracts import documents as api
from espace_contracts import funder
from espace_contracts.errors import NotFound
from sqlalchemy import Connection

from chassis import outbox
from services.documents import answers, cursors, domain
from services.documents.domain import Depositor
from services.documents.store import categories as category_store
from services.documents.store import documents as document_store
from services.documents.store import dossiers as store
from services.documents.usecases.categories import hidden_keys

MOST_OUTSIDE = 50  # documents in no dossier, in one answer of the search
LONGEST_DOSSIER = 500  # newest documents of one dossier in one answer; its count says when there are more


def record_funding_request(
    connection: Connection, request: funder.FundingRequestReceived, *, requested_at: datetime, now: datetime
) -> None:
    """The dossier is in the employer's list, with the funder that follows it; an update it may have had stays."""
    siret, number = request.employer.siret, request.dossier.dossier_number
    facts = _facts(request.dossier)
    contact = {"funder": request.funder.model_dump(mode="json")}
    if _open_dossier(connection, siret, facts | contact | {"version": 0, "requested_at": requested_at}, now=now):
        return
    store.replace_unversioned_facts(connection, siret, number, facts=facts, requested_at=requested_at)
    store.replace_request(connection, siret, number, values=contact, requested_at=requested_at)


def record_dossier_update(connection: Connection, update: funder.DossierUpdated, *, now: datetime) -> None:
    """The highest version of the dossier stands, whatever came first; it may even come before the request."""
    facts = _facts(update.dossier)
    if not _open_dossier(connection, update.siret, facts | {"version": update.version}, now=now):
        number = update.dossier.dossier_number
        store.replace_facts(connection, update.siret, number, facts=facts, version=update.version)


def _open_dossier(connection: Connection, siret: str, row: dict[str, Any], *, now: datetime) -> bool:
    created = store.create_dossier(connection, siret, row | {"created_at": now})
    if created:
        number = row["dossier_number"]
        outbox.publish(connection, api.DossierOpened(siret=siret, dossier_number=number), subject=number, at=now)
    return created


def _facts(dossier: funder.Dossier) -> dict[str, Any]:
    person = dossier.beneficiary
    return {
        "dossier_number": dossier.dossier_number,
        "beneficiary_last_name": person.last_name,
        "beneficiary_first_name": person.first_name,
        "training_title": dossier.training_title,
        "training_provider": dossier.training_provider,
        "period_start": dossier.period.start,
        "period_end": dossier.period.end,
        "number_key": domain.number_key(dossier.dossier_number),
        "name_key": domain.name_key(person.last_name, person.first_name),
    }


def search_dossiers(connection: Connection, request: api.SearchDossiers, *, viewer: Depositor) -> api.Dossiers:
    """The employer's dossiers whose number or beneficiary matches (S45), and what stands in none and matches too."""
    categories = category_store.read_categories(connection)
    hidden = hidden_keys(categories, show=request.include_dossier_only)
    rows = store.find_dossiers(
        connection,
        request.siret,
        text=request.text,
        hidden=hidden,
        after=cursors.read_day(request.cursor),
        limit=request.limit + 1,
    )
    page = rows[: request.limit]
    more = len(rows) > request.limit
    cursor = cursors.write(page[-1].period_start, page[-1].dossier_number) if more else None
    outside: Sequence[Any] = ()
    if request.text.strip() and request.cursor is None:
        outside = store.find_outside(
            connection, request.siret, text=request.text, hidden=hidden, limit=MOST_OUTSIDE + 1
        )
    return api.Dossiers(
        dossiers=tuple(answers.dossier(row) for row in page),
        documents=tuple(answers.document(row, categories, viewer=viewer) for row in outside[:MOST_OUTSIDE]),
        more_documents=len(outside) > MOST_OUTSIDE,
        next_cursor=cursor,
    )


def get_dossier(connection: Connection, request: api.GetDossier, *, viewer: Depositor) -> api.DossierDocuments:
    """A dossier of the employer and its documents. Raises NotFound."""
    categories = category_store.read_categories(connection)
    hidden = hidden_keys(categories, show=request.include_dossier_only)
    row = store.get_dossier(connection, request.siret, request.dossier_number, hidden=hidden)
    if row is None:
        raise NotFound
    found = document_store.dossier_documents(
        connection, request.siret, request.dossier_number, hidden=hidden, limit=LONGEST_DOSSIER
    )
    return api.DossierDocuments(
        dossier=answers.dossier(row),
        documents=tuple(answers.document(each, categories, viewer=viewer) for each in found),
    )
