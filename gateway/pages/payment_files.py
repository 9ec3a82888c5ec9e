"""Files of the tab Règlements: exports, at once or in the making, and remittance advices (S33, S34)."""

from typing import Annotated
from uuid import UUID

from espace_contracts import documents, errors
from espace_contracts import payments as api
from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from gateway.payment_search import read_search
from gateway.rendering import page
from gateway.session import MEMBER, Visitor

router = APIRouter()
AWAITED = "export"  # cookie: the long export whose end the list is to tell
A_DAY = 86_400  # seconds
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
    try:
        export = await request.app.state.bus.call(api.EXPORT_PAYMENTS, wanted)
    except errors.InvalidRequest as exc:
        if "format" not in exc.fields:
            raise
        return page(request, "payments_too_many.html", status=422, tab="reglements", search=search)
    if export.file is not None:
        return await _fetched(request, export.file)
    response = RedirectResponse(f"/reglements/exports/{export.job_id}", 303)
    response.set_cookie(AWAITED, str(export.job_id), path="/reglements", max_age=A_DAY, httponly=True, samesite="lax")
    return response


@router.get("/reglements/exports")
async def list_exports(request: Request, visitor: Member) -> Response:
    """The person's own files of the last day."""
    wanted = api.ListExports(siret=visitor.known.siret, account_id=visitor.known.account_id)
    made = await request.app.state.bus.call(api.LIST_EXPORTS, wanted)
    return page(request, "payments_exports.html", tab="reglements", exports=made.exports)


@router.get("/reglements/exports/{job_id}/avis")
async def show_notice(request: Request, job_id: UUID, visitor: Member) -> Response:
    """The line above the list that says whether the file is ready; empty once it is no longer there."""
    try:
        export: api.Export | None = await _job(request, visitor, job_id)
    except errors.NotFound:
        export = None
    response = page(request, "_export_notice.html", export=export)
    if export is None:
        response.delete_cookie(AWAITED, path="/reglements")
    return response


@router.get("/reglements/exports/{job_id}")
async def show_export(request: Request, job_id: UUID, visitor: Member) -> Response:
    """How far the file is; a script asks again for the changing part, without one the page does."""
    export = await _job(request, visitor, job_id)
    template = "_export_state.html" if request.headers.get("hx-request") else "payments_export.html"
    return page(request, template, tab="reglements", export=export)


@router.get("/reglements/exports/{job_id}/contenu")
async def download_export(request: Request, job_id: UUID, visitor: Member) -> Response:
    """The finished file, which is then awaited no more; before that, the page that follows its making."""
    export = await _job(request, visitor, job_id)
    if export.file is None:
        return RedirectResponse(f"/reglements/exports/{job_id}", 303)
    response = await _fetched(request, export.file)
    if request.cookies.get(AWAITED) == str(job_id):
        response.delete_cookie(AWAITED, path="/reglements")
    return response


@router.get("/reglements/{number:path}/avis")
async def download_advice(request: Request, number: str, visitor: Member) -> Response:
    """The remittance advice of one payment; where there is none, a page that says so (404)."""
    bus, siret = request.app.state.bus, visitor.known.siret
    try:
        advice = await bus.call(documents.GET_ADVICE, documents.GetAdvice(siret=siret, payment_number=number))
    except errors.NotFound:
        return page(request, "payments_no_advice.html", status=404, tab="reglements", number=number)
    wanted = documents.OpenFile(siret=siret, actor=visitor.actor, document_id=advice.document_id)
    return await _fetched(request, await bus.call(documents.OPEN_FILE, wanted))


async def _job(request: Request, visitor: Visitor, job_id: UUID) -> api.Export:
    wanted = api.GetExport(siret=visitor.known.siret, job_id=job_id)
    return await request.app.state.bus.call(api.GET_EXPORT, wanted)


async def _fetched(request: Request, file: api.ExportedFile | documents.OpenedFile) -> Response:
    return await request.app.state.files.get(file.url, name=file.file_name, media_type=file.media_type)
