"""The tab Documents: what belongs to no dossier, the search, one dossier's documents, the bytes (S44 to S47)."""

import re
from typing import Annotated, Any
from uuid import UUID

from espace_contracts import documents as api
from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import Response

from gateway.document_list import depositor_of, rubrics_of, state_of
from gateway.rendering import page
from gateway.session import MEMBER, Visitor

router = APIRouter()
LARGEST_QUERY = 200
NEWEST = 10  # documents that a rubric shows at first
CATEGORY_KEY = re.compile(r"[a-z][a-z0-9_]{1,39}")


@router.get("/documents")
async def show_documents(
    request: Request,
    visitor: Annotated[Visitor, Depends(MEMBER)],
    q: str = "",
    curseur: str = "",
    rubrique: Annotated[str, Query(max_length=40)] = "",
) -> Response:
    """ONLY the documents tied to neither dossier nor beneficiary; with a search, the dossiers found.

    Each rubric shows its newest (S53); *rubrique*, a category's key, pages through all of one.
    """
    bus, siret, sought = request.app.state.bus, visitor.known.siret, q.strip()[:LARGEST_QUERY]
    if sought:
        cursor = curseur[:400] or None
        search = api.SearchDossiers(siret=siret, text=sought, include_dossier_only=False, cursor=cursor)  # S51
        found = await bus.call(api.SEARCH_DOSSIERS, search)
        rubrics = rubrics_of(found.documents)
        return page(
            request, "documents_search.html", tab="documents", q=sought, found=found, rubrics=rubrics, **DRAWING
        )
    if CATEGORY_KEY.fullmatch(rubrique):
        wanted = api.ListDocuments(siret=siret, category=rubrique, cursor=curseur[:400] or None, limit=50)
    else:
        wanted = api.ListDocuments(siret=siret, per_category=NEWEST)
    listed = await bus.call(api.LIST_DOCUMENTS, wanted)
    rubrics = rubrics_of(listed.documents, listed.counts)
    values = {"rubrics": rubrics, "next_cursor": listed.next_cursor, "rubric": wanted.category or ""}
    return page(request, "documents.html", tab="documents", q="", **values, **DRAWING)


@router.get("/documents/dossiers/{number:path}")
async def show_dossier_documents(
    request: Request, number: str, visitor: Annotated[Visitor, Depends(MEMBER)], q: str = ""
) -> Response:
    """A dossier's documents, without those that exist only in the dossier (S46, S51)."""
    wanted = api.GetDossier(siret=visitor.known.siret, dossier_number=number, include_dossier_only=False)
    found = await request.app.state.bus.call(api.GET_DOSSIER, wanted)
    values = {"dossier": found.dossier, "rubrics": rubrics_of(found.documents), "q": q.strip()[:LARGEST_QUERY]}
    return page(request, "documents_dossier.html", tab="documents", **values, **DRAWING)


@router.get("/documents/{document_id}/contenu")
async def download(request: Request, document_id: UUID, visitor: Annotated[Visitor, Depends(MEMBER)]) -> Response:
    """The document's bytes (S47), or the part of them that `Range` wants."""
    state = request.app.state
    wanted = api.OpenFile(siret=visitor.known.siret, actor=visitor.actor, document_id=document_id)
    file = await state.bus.call(api.OPEN_FILE, wanted)
    return await state.files.get(file.url, name=file.file_name, media_type=file.media_type, asked=request.headers)


DRAWING: dict[str, Any] = {"depositor_of": depositor_of, "state_of": state_of}
