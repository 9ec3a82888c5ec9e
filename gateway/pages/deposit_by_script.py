"""The same deposit by the page's script: announce each file, then send its bytes, streamed on to the store (S40, K21).

Answers are small JSON documents: `{"faults": {field: sentence}}`, or where to go on.
"""

from typing import Annotated
from uuid import UUID

from espace_contracts import documents as api
from espace_contracts import errors
from fastapi import APIRouter, Depends
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from gateway.deposit_faults import fault_texts, status_of
from gateway.deposit_form import Chosen, Deposit, announcement, blank, choose, chosen_by_script, read_description
from gateway.files import UploadCut
from gateway.forms import own_secrets, read_form, text
from gateway.pages.deposit import choices_of, faults_noted
from gateway.security import Forged, csrf_matches
from gateway.session import MEMBER, Visitor

router = APIRouter()


@router.post("/documents/depots")
async def announce(request: Request, visitor: Annotated[Visitor, Depends(MEMBER)]) -> Response:
    """What the form says of one file: the deposit that now waits for its bytes, or what is wrong."""
    form = await read_form(request)
    state, sent = request.app.state, await _read(request, visitor, form)
    choose(sent, chosen_by_script(form))
    if not sent.faults:
        with faults_noted(sent):
            wanted = announcement(sent, siret=visitor.known.siret, actor=visitor.actor)
            begun = await state.bus.call(api.BEGIN_DEPOSIT, wanted)
            return JSONResponse({"content": f"/documents/depots/{begun.deposit_id}/contenu"}, 201)
    return _faulty(sent)


async def _read(request: Request, visitor: Visitor, form: FormData) -> Deposit:
    replaced = text(form, "document")
    if not replaced:
        return read_description(form, *await choices_of(request, visitor))
    try:
        wanted = api.GetDocument(siret=visitor.known.siret, document_id=UUID(replaced))
    except ValueError as exc:
        raise errors.NotFound from exc
    deposit = blank(cle=text(form, "cle")[:1000])
    deposit.document = await request.app.state.bus.call(api.GET_DOCUMENT, wanted)
    return await with_category(request, deposit)


async def with_category(request: Request, deposit: Deposit) -> Deposit:
    """The category that the replaced document stands under: its limits apply."""
    found = await request.app.state.bus.call(api.LIST_CATEGORIES, api.ListCategories())
    key = deposit.document.category if deposit.document else ""
    deposit.category = next((one for one in found.categories if one.key == key), None)
    return deposit


def _faulty(sent: Deposit) -> Response:
    return JSONResponse({"faults": fault_texts(sent)}, status_of(sent))


@router.put("/documents/depots/{deposit_id}/contenu")
async def send(
    request: Request, deposit_id: UUID, visitor: Annotated[Visitor, Depends(MEMBER)], nom: str = ""
) -> Response:
    """The bytes, in constant memory; answered only once they are a document (S41)."""
    if not csrf_matches(request.headers.get("x-csrf-token", ""), await own_secrets(request)):
        raise Forged
    sent = blank()
    sent.chosen = Chosen(nom[:200], 0)
    try:
        with faults_noted(sent):
            document = await store_stream(request, visitor.known.siret, deposit_id)
            return JSONResponse({"document": str(document.document_id)}, 201)
    except UploadCut:
        sent.fault("fichier", "cut")
    return _faulty(sent)


async def store_stream(request: Request, siret: str, deposit_id: UUID) -> api.Document:
    """Pipe the request's body into the store and complete the deposit.

    Raises the refusals of both calls, FilesUnavailable, UploadCut.
    """
    state = request.app.state
    begun = await state.bus.call(api.RENEW_UPLOAD, api.RenewUpload(siret=siret, deposit_id=deposit_id))
    length = request.headers.get("content-length")
    if length is not None and length != str(begun.size):
        raise UploadCut("another number of bytes than announced")
    await state.files.put(begun.upload.url, begun.upload.headers, request.stream())
    return await state.bus.call(api.COMPLETE_DEPOSIT, api.CompleteDeposit(siret=siret, deposit_id=deposit_id))
