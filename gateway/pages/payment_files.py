"""Files of the tab Règlements: exports, at once or in the making, and remittance advices (S33, S34)."""

from typing import Annotated
from uuid import UUID

from espace_contracts import documents
from espace_contracts import payments as api
from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from gateway.payment_search import read_search
from gateway.rendering import page
from gateway.session import MEMBER, Visitor

router = APIRouter()
Member = Annotated[Visitor, Depends(MEMBER)]


@router.get("/reglements/export.xlsx")
async def export_excel(request: Request, visitor: Member) -> Response:
    """The Excel file of the search, all pages."""
    return await _export(request, visitor, "xlsx")


@router.get("/reglements/export.csv")
async def export_csv(request: Request, visitor: Member) -> Response:
    """The same lines as CSV."""
    return await _export(request, visitor, "csv")


async def _export(request: Request, visitor: Visitor, file_format: api.ExportFormat) -> Response:
    """The file itself; for a long search the page that follows its making."""
    search = read_search(request.query_params)
    if search.errors:
        return RedirectResponse(search.link(), 303)
    wanted = api.ExportPayments(
        siret=visitor.known.siret,
        actor=visitor.actor,
        legal_name=visitor.known.legal_name,
        search=search.criteria,
        format=file_format,
    )
    export = await request.app.state.bus.call(api.EXPORT_PAYMENTS, wanted)
    if export.file is None:
        return RedirectResponse(f"/reglements/exports/{export.job_id}", 303)
    return await _fetched(request, export.file)


@router.get("/reglements/exports/{job_id}")
async def show_export(request: Request, job_id: UUID, visitor: Member) -> Response:
    """How far the file is; a script asks again for the changing part, without one the page does."""
    export = await _job(request, visitor, job_id)
    template = "_export_state.html" if request.headers.get("hx-request") else "payments_export.html"
    return page(request, template, tab="reglements", export=export)


@router.get("/reglements/exports/{job_id}/contenu")
async def download_export(request: Request, job_id: UUID, visitor: Member) -> Response:
    """The finished file; before that, the page that follows its making."""
    export = await _job(request, visitor, job_id)
    if export.file is None:
        return RedirectResponse(f"/reglements/exports/{job_id}", 303)
    return await _fetched(request, export.file)


@router.get("/reglements/{number:path}/avis")
async def download_advice(request: Request, number: str, visitor: Member) -> Response:
    """The remittance advice of one payment."""
    bus, siret = request.app.state.bus, visitor.known.siret
    advice = await bus.call(documents.GET_ADVICE, documents.GetAdvice(siret=siret, payment_number=number))
    wanted = documents.OpenFile(siret=siret, actor=visitor.actor, document_id=advice.document_id)
    return await _fetched(request, await bus.call(documents.OPEN_FILE, wanted))


async def _job(request: Request, visitor: Visitor, job_id: UUID) -> api.Export:
    wanted = api.GetExport(siret=visitor.known.siret, job_id=job_id)
    return await request.app.state.bus.call(api.GET_EXPORT, wanted)


async def _fetched(request: Request, file: api.ExportedFile | documents.OpenedFile) -> Response:
    return await request.app.state.files.get(file.url, name=file.file_name, media_type=file.media_type)
