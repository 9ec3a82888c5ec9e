"""« Ajouter un fichier »: category, fields, file, confirmation (S36 to S41), all of it without a script."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Annotated, Any
from uuid import UUID, uuid4

from espace_contracts import documents as api
from espace_contracts import errors
from espace_contracts.envelope import faulty_fields
from fastapi import APIRouter, Depends, Query
from pydantic import ValidationError
from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from gateway.deposit_faults import fault_texts, status_of
from gateway.deposit_form import (
    Deposit,
    announcement,
    blank,
    choose,
    chosen_upload,
    read_description,
    uploaded,
)
from gateway.document_list import place_of
from gateway.files import chunks, measure
from gateway.forms import TooLarge, read_form
from gateway.rendering import page
from gateway.session import MEMBER, Visitor

router = APIRouter()
MOST_CALLS = 10  # of 500 dossiers each
Choices = tuple[tuple[api.Category, ...], tuple[api.Dossier, ...]]


async def choices_of(request: Request, visitor: Visitor) -> Choices:
    """The categories and dossiers to choose from."""
    listed = request.app.state.bus.call(api.LIST_CATEGORIES, api.ListCategories(depositor="employer"))
    categories, dossiers = await asyncio.gather(listed, _all_dossiers(request, visitor.known.siret))
    return categories.categories, dossiers


async def _all_dossiers(request: Request, siret: str) -> tuple[api.Dossier, ...]:
    """Those of a large employer by several calls (S39)."""
    found: list[api.Dossier] = []
    cursor: str | None = None
    for _ in range(MOST_CALLS):
        wanted = api.SearchDossiers(siret=siret, limit=500, cursor=cursor)
        answer = await request.app.state.bus.call(api.SEARCH_DOSSIERS, wanted)
        found += answer.dossiers
        cursor = answer.next_cursor
        if cursor is None:
            break
    return tuple(found)


@contextmanager
def faults_noted(deposit: Deposit) -> Iterator[None]:
    """What the service refuses becomes a fault beside its field."""
    try:
        yield
    except errors.FileRefused as exc:
        deposit.fault("fichier", exc.fields[0] if exc.fields else "unreadable")
    except errors.InvalidRequest as exc:
        for name in exc.fields or ("file_name",):
            deposit.shown_fault(name, "invalid")
    except ValidationError as exc:
        for name in faulty_fields(exc):
            deposit.shown_fault(name, "invalid")
    except errors.Conflict as exc:
        deposit.fault("fichier", "frozen" if exc.fields == ("handling",) else "cut")
    except errors.NotFound as exc:
        if exc.fields != ("dossier_number",):
            raise
        deposit.fault("dossier", "missing")


async def send_upload(request: Request, visitor: Visitor, deposit: Deposit, upload: UploadFile) -> api.Document:
    """Announce, send, complete. Raises the refusals of both calls, FilesUnavailable, ValidationError."""
    state, siret = request.app.state, visitor.known.siret
    sha256, size = await measure(upload.file)
    if deposit.chosen:
        deposit.chosen = replace(deposit.chosen, sha256=sha256, size=size)
    wanted = announcement(deposit, siret=siret, actor=visitor.actor)
    begun = await state.bus.call(api.BEGIN_DEPOSIT, wanted)
    await state.files.put(begun.upload.url, begun.upload.headers, chunks(upload.file))
    done = api.CompleteDeposit(idempotency_key=wanted.idempotency_key, siret=siret, deposit_id=begun.deposit_id)
    return await state.bus.call(api.COMPLETE_DEPOSIT, done)


def _form(request: Request, choices: Choices, deposit: Deposit, *, status: int = 200) -> Response:
    categories, dossiers = choices
    values: dict[str, Any] = {"deposit": deposit, "categories": categories, "dossiers": dossiers}
    texts = fault_texts(deposit)
    return page(request, "deposit.html", status=status, tab="documents", faults=texts, **values)


@router.get("/documents/ajouter")
async def show_form(
    request: Request, visitor: Annotated[Visitor, Depends(MEMBER)], categorie: str = "", dossier: str = ""
) -> Response:
    """The form; once a category is chosen, its instructions and fields (S38, S39)."""
    choices = await choices_of(request, visitor)
    deposit = blank(categorie=categorie, dossier=dossier[:40], cle=str(uuid4()))
    deposit.category = next((one for one in choices[0] if one.key == categorie), None)
    return _form(request, choices, deposit)


@router.post("/documents/ajouter")
async def deposit(request: Request, visitor: Annotated[Visitor, Depends(MEMBER)]) -> Response:
    """Store the file and make it a document; the confirmation comes only then (S41)."""
    try:
        form = await read_form(request)
    except TooLarge:
        choices, empty = await choices_of(request, visitor), blank()
        empty.fault("fichier", "far_too_large")
        return _form(request, choices, empty, status=413)
    try:
        return await _deposit(request, visitor, form)
    finally:
        await form.close()


async def _deposit(request: Request, visitor: Visitor, form: FormData) -> Response:
    choices = await choices_of(request, visitor)
    sent, upload = read_description(form, *choices), uploaded(form)
    choose(sent, chosen_upload(upload))
    if upload and not sent.faults:
        with faults_noted(sent):
            document = await send_upload(request, visitor, sent, upload)
            return RedirectResponse(f"/documents/{document.document_id}/depose", 303)
    return _form(request, choices, sent, status=status_of(sent))


async def only_in_dossier(request: Request, document: api.Document) -> bool:
    """Whether the document exists nowhere but in « Mes dossiers » (S51)."""
    found = await request.app.state.bus.call(api.LIST_CATEGORIES, api.ListCategories())
    return any(one.dossier_only for one in found.categories if one.key == document.category)


@router.get("/documents/{document_id}/depose")
async def show_done(
    request: Request,
    document_id: UUID,
    visitor: Annotated[Visitor, Depends(MEMBER)],
    nombre: Annotated[int, Query(ge=1, le=100)] = 1,
) -> Response:
    """The window that confirms the deposit, of several files at a time too; OK leads to where they are (S41, S42)."""
    wanted = api.GetDocument(siret=visitor.known.siret, document_id=document_id)
    document = await request.app.state.bus.call(api.GET_DOCUMENT, wanted)
    place = place_of(document, await only_in_dossier(request, document))
    return page(request, "deposit_done.html", tab="documents", document=document, place=place, count=nombre)
