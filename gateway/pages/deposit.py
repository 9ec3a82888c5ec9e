"""« Ajouter un fichier »: category, fields, file, confirmation (S36 to S41)."""

import asyncio
from typing import Annotated, Any
from uuid import UUID, uuid4

from espace_contracts import documents as api
from espace_contracts import errors
from espace_contracts.envelope import faulty_fields
from fastapi import APIRouter, Depends
from pydantic import ValidationError
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from gateway.deposit_form import Deposit, announcement, read_deposit
from gateway.document_list import REASONS
from gateway.files import measure
from gateway.forms import TooLarge, read_form
from gateway.rendering import page
from gateway.session import MEMBER, Visitor

router = APIRouter()
Choices = tuple[tuple[api.Category, ...], tuple[api.Dossier, ...]]


async def _choices(request: Request, visitor: Visitor) -> Choices:
    """The categories and dossiers to choose from."""
    bus = request.app.state.bus
    categories, dossiers = await asyncio.gather(
        bus.call(api.LIST_CATEGORIES, api.ListCategories(depositor="employer")),
        bus.call(api.SEARCH_DOSSIERS, api.SearchDossiers(siret=visitor.known.siret, limit=500)),
    )
    return categories.categories, dossiers.dossiers


def _form(request: Request, choices: Choices, deposit: Deposit, *, status: int = 200) -> Response:
    categories, dossiers = choices
    values: dict[str, Any] = {"deposit": deposit, "categories": categories, "dossiers": dossiers}
    return page(request, "deposit.html", status=status, tab="documents", **values)


@router.get("/documents/ajouter")
async def show_form(
    request: Request, visitor: Annotated[Visitor, Depends(MEMBER)], categorie: str = "", dossier: str = ""
) -> Response:
    """The form; once a category is chosen, its instructions and fields (S38, S39)."""
    choices = await _choices(request, visitor)
    typed = {"categorie": categorie, "dossier": dossier[:40], "libelle": "", "debut": "", "fin": ""}
    chosen = next((one for one in choices[0] if one.key == categorie), None)
    return _form(request, choices, Deposit({**typed, "cle": str(uuid4())}, category=chosen))


@router.post("/documents/ajouter")
async def deposit(request: Request, visitor: Annotated[Visitor, Depends(MEMBER)]) -> Response:
    """Store the file and make it a document; the confirmation comes only then (S41)."""
    try:
        form = await read_form(request)
    except TooLarge:
        choices = await _choices(request, visitor)
        empty = Deposit(dict.fromkeys(("categorie", "dossier", "libelle", "debut", "fin", "cle"), ""))
        empty.fault("fichier", "far_too_large")
        return _form(request, choices, empty, status=413)
    try:
        return await _deposit(request, visitor, form)
    finally:
        await form.close()


async def _deposit(request: Request, visitor: Visitor, form: FormData) -> Response:
    choices = await _choices(request, visitor)
    sent = read_deposit(form, *choices)
    if not sent.faults:
        try:
            document = await _store(request, visitor, sent)
        except errors.FileRefused as exc:
            sent.fault("fichier", exc.fields[0] if exc.fields else "unreadable")
        except errors.InvalidRequest as exc:
            for name in exc.fields or ("file_name",):
                sent.shown_fault(name, "invalid")
        except ValidationError as exc:
            for name in faulty_fields(exc):
                sent.shown_fault(name, "invalid")
        except errors.NotFound:
            sent.fault("dossier", "missing")
        else:
            return RedirectResponse(f"/documents/{document.document_id}/depose", 303)
    return _form(request, choices, sent, status=REASONS.get(sent.faults.get("fichier", ""), 422))


async def _store(request: Request, visitor: Visitor, sent: Deposit) -> api.Document:
    """Announce, send, complete. Raises the refusals of both calls, FilesUnavailable, ValidationError."""
    assert sent.file is not None  # noqa: S101  read_deposit has put a fault otherwise
    state, siret = request.app.state, visitor.known.siret
    sha256, size = await measure(sent.file.file)
    wanted = announcement(sent, siret=siret, actor=visitor.actor, sha256=sha256, size=size)
    begun = await state.bus.call(api.BEGIN_DEPOSIT, wanted)
    await state.files.put(begun.upload.url, begun.upload.headers, sent.file.file)
    done = api.CompleteDeposit(idempotency_key=wanted.idempotency_key, siret=siret, deposit_id=begun.deposit_id)
    return await state.bus.call(api.COMPLETE_DEPOSIT, done)


@router.get("/documents/{document_id}/depose")
async def show_done(request: Request, document_id: UUID, visitor: Annotated[Visitor, Depends(MEMBER)]) -> Response:
    """The window that confirms the deposit; OK leads to where the document is (S41, S42)."""
    wanted = api.GetDocument(siret=visitor.known.siret, document_id=document_id)
    document = await request.app.state.bus.call(api.GET_DOCUMENT, wanted)
    categories = await request.app.state.bus.call(api.LIST_CATEGORIES, api.ListCategories())
    only_there = {one.key for one in categories.categories if one.dossier_only}
    return page(
        request,
        "deposit_done.html",
        tab="documents",
        document=document,
        only_in_dossier=document.category in only_there,
    )
