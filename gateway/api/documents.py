"""The API's documents: categories, those without dossier, one, its bytes."""

from typing import Annotated
from uuid import UUID

from espace_contracts import documents as api
from fastapi import Depends, Query, Request, Response

from gateway.api.exactness import ExactFlag
from gateway.api.shapes import Page, name_next, problems
from gateway.routing import Section, below
from gateway.session import API_MEMBER, Visitor

router = Section(below("/api/v1/categories", "/api/v1/documents"), tags=["documents"])
Cursor = Annotated[str | None, Query(min_length=1, max_length=400)]
Limit = Annotated[int, Query(ge=1, le=500)]


@router.get("/categories", responses=problems(401, 403, 503))
async def list_categories(request: Request, visitor: Annotated[Visitor, Depends(API_MEMBER)]) -> Page[api.Category]:
    """The kinds of document that an employer deposits (S37 to S39)."""
    found = await request.app.state.bus.call(api.LIST_CATEGORIES, api.ListCategories(depositor="employer"))
    return Page(items=list(found.categories))


@router.get("/documents", responses=problems(401, 403, 422, 503))
async def list_documents(
    request: Request,
    response: Response,
    visitor: Annotated[Visitor, Depends(API_MEMBER)],
    deleted: ExactFlag = False,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Page[api.Document]:
    """The documents tied to neither a dossier nor a beneficiary (S44); or own ones, `deleted` and not yet gone (S48)."""
    if deleted:
        trash = api.ListDeletedDocuments(siret=visitor.known.siret, cursor=cursor, limit=limit)
        found = await request.app.state.bus.call(api.LIST_DELETED_DOCUMENTS, trash)
    else:
        wanted = api.ListDocuments(siret=visitor.known.siret, cursor=cursor, limit=limit)
        found = await request.app.state.bus.call(api.LIST_DOCUMENTS, wanted)
    name_next(request, response, found.next_cursor)
    return Page(items=list(found.documents), next_cursor=found.next_cursor)


@router.get("/documents/{document_id}", responses=problems(401, 403, 404, 503))
async def get_document(
    request: Request, document_id: UUID, visitor: Annotated[Visitor, Depends(API_MEMBER)]
) -> api.Document:
    """One document."""
    wanted = api.GetDocument(siret=visitor.known.siret, document_id=document_id)
    return await request.app.state.bus.call(api.GET_DOCUMENT, wanted)


@router.get(
    "/documents/{document_id}/content",
    response_class=Response,
    responses={200: {"content": {"application/octet-stream": {}}}, **problems(401, 403, 404, 503)},
)
async def get_content(
    request: Request, document_id: UUID, visitor: Annotated[Visitor, Depends(API_MEMBER)]
) -> Response:
    """Its bytes; `Range` and `If-Range` are honoured."""
    state = request.app.state
    wanted = api.OpenFile(siret=visitor.known.siret, actor=visitor.actor, document_id=document_id)
    file = await state.bus.call(api.OPEN_FILE, wanted)
    return await state.files.get(file.url, name=file.file_name, media_type=file.media_type, asked=request.headers)
