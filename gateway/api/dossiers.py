"""The API's dossiers."""

from typing import Annotated

from espace_contracts import documents as api
from espace_contracts.types import DossierNumber
from fastapi import Depends, Query, Request, Response

from gateway.api.documents import Cursor, Limit
from gateway.api.shapes import Page, name_next, problems
from gateway.routing import Section, below
from gateway.session import API_MEMBER, Visitor

router = Section(below("/api/v1/dossiers"), tags=["dossiers"])


@router.get("/dossiers", responses=problems(401, 403, 422, 503))
async def list_dossiers(
    request: Request,
    response: Response,
    visitor: Annotated[Visitor, Depends(API_MEMBER)],
    text: Annotated[str, Query(max_length=200)] = "",
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Page[api.Dossier]:
    """The employer's dossiers by number or beneficiary (S45); all without text."""
    wanted = api.SearchDossiers(siret=visitor.known.siret, text=text, cursor=cursor, limit=limit)
    found = await request.app.state.bus.call(api.SEARCH_DOSSIERS, wanted)
    name_next(request, response, found.next_cursor)
    return Page(items=list(found.dossiers), next_cursor=found.next_cursor)


@router.get("/dossiers/{dossier_number}/documents", responses=problems(401, 403, 404, 503))
async def list_dossier_documents(
    request: Request, dossier_number: DossierNumber, visitor: Annotated[Visitor, Depends(API_MEMBER)]
) -> Page[api.Document]:
    """All documents of a dossier, those that exist only there among them (S52)."""
    wanted = api.GetDossier(siret=visitor.known.siret, dossier_number=dossier_number)
    found = await request.app.state.bus.call(api.GET_DOSSIER, wanted)
    return Page(items=list(found.documents))
