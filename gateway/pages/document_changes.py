"""Own deposits are modified, deleted and restored; everything else is refused with the reason (S48 to S50)."""

from typing import Annotated, Any
from uuid import UUID, uuid4

from espace_contracts import documents as api
from espace_contracts import errors
from espace_contracts.rpc import Method
from fastapi import APIRouter, Depends
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from gateway import flash
from gateway.deposit_faults import fault_texts, status_of
from gateway.deposit_form import (
    Deposit,
    blank,
    choose,
    chosen_upload,
    described,
    read_description,
    recategorisation,
    uploaded,
)
from gateway.document_list import depositor_of, place_of
from gateway.forms import TooLarge, read_form
from gateway.pages.deposit import choices_of, faults_noted, only_in_dossier, send_upload
from gateway.pages.deposit_by_script import with_category
from gateway.rendering import page
from gateway.session import MEMBER, Visitor

router = APIRouter()
Member = Annotated[Visitor, Depends(MEMBER)]


async def _document(request: Request, visitor: Visitor, document_id: UUID) -> api.Document:
    wanted = api.GetDocument(siret=visitor.known.siret, document_id=document_id)
    return await request.app.state.bus.call(api.GET_DOCUMENT, wanted)


def _unchangeable(request: Request, document: api.Document) -> Response:
    """Why it does not change: taken into account, or somebody else's."""
    status = 409 if document.depositor == "employer" else 403
    values = {"document": document, "depositor": depositor_of(document)}
    return page(request, "document_unchangeable.html", status=status, tab="documents", **values)


async def _change(request: Request, visitor: Visitor, document_id: UUID, *, method: Method[Any, Any]) -> Response:
    """Delete or restore, then say so where the document stands."""
    await read_form(request)
    wanted = method.request(siret=visitor.known.siret, actor=visitor.actor, document_id=document_id)
    try:
        document: api.Document = await request.app.state.bus.call(method, wanted)
    except (errors.NotAllowed, errors.Conflict):
        return _unchangeable(request, await _document(request, visitor, document_id))
    kind = "document_deleted" if method is api.DELETE_DOCUMENT else "document_restored"
    return await _said_where_it_is(request, document, kind)


async def _said_where_it_is(request: Request, document: api.Document, kind: str) -> Response:
    response = RedirectResponse(place_of(document, await only_in_dossier(request, document)), 303)
    flash.say(response, kind, title=document.title[:200], id=str(document.document_id))
    return response


# --- modify


async def _form(
    request: Request, visitor: Visitor, document: api.Document, deposit: Deposit, *, status: int = 200
) -> Response:
    categories, dossiers = await choices_of(request, visitor)
    values: dict[str, Any] = {"deposit": deposit, "categories": categories, "dossiers": dossiers}
    stands_under = await with_category(request, Deposit({}, document=document))
    values |= {"document": document, "stands_under": stands_under.category, "key": str(uuid4())}
    texts = fault_texts(deposit)
    return page(request, "document_modify.html", status=status, tab="documents", faults=texts, **values)


@router.get("/documents/{document_id}/modifier")
async def show_modify(request: Request, document_id: UUID, visitor: Member, categorie: str = "") -> Response:
    """Its category with that category's fields, and its file (S49); another category may be chosen."""
    document = await _document(request, visitor, document_id)
    if not document.changeable:
        return _unchangeable(request, document)
    deposit = blank(**described(document) | ({"categorie": categorie} if categorie else {}))
    categories, _dossiers = await choices_of(request, visitor)
    deposit.category = next((one for one in categories if one.key == deposit.typed["categorie"]), None)
    return await _form(request, visitor, document, deposit)


@router.post("/documents/{document_id}/modifier")
async def modify(request: Request, document_id: UUID, visitor: Member) -> Response:
    """Put it under the chosen category with the fields as typed."""
    form = await read_form(request)
    document = await _document(request, visitor, document_id)
    sent = read_description(form, *await choices_of(request, visitor))
    if not sent.faults:
        try:
            with faults_noted(sent):
                wanted = recategorisation(sent, document_id, siret=visitor.known.siret, actor=visitor.actor)
                changed = await request.app.state.bus.call(api.RECATEGORISE_DOCUMENT, wanted)
                return await _said_where_it_is(request, changed, "document_modified")
        except errors.NotAllowed:
            return _unchangeable(request, document)
    if sent.faults.get("fichier") == "frozen":
        return _unchangeable(request, document)
    if "fichier" in sent.faults:  # the file stays what it is: the category does not take it
        sent.faults["categorie"] = "file_does_not_fit"
        del sent.faults["fichier"]
    return await _form(request, visitor, document, sent, status=422)


@router.post("/documents/{document_id}/remplacer")
async def replace_file(request: Request, document_id: UUID, visitor: Member) -> Response:
    """Another file under the same document (S49), without a script."""
    document = await _document(request, visitor, document_id)
    try:
        form = await read_form(request)
    except TooLarge:
        sent = blank(**described(document))
        sent.fault("fichier", "far_too_large")
        return await _form(request, visitor, document, sent, status=413)
    try:
        return await _replace(request, visitor, document, form)
    finally:
        await form.close()


async def _replace(request: Request, visitor: Visitor, document: api.Document, form: FormData) -> Response:
    upload = uploaded(form)
    typed = described(document) | {"cle": str(form.get("cle", ""))[:1000]}
    sent = await with_category(request, Deposit(blank().typed | typed, document=document))
    choose(sent, chosen_upload(upload))
    if upload and not sent.faults:
        try:
            with faults_noted(sent):
                replaced = await send_upload(request, visitor, sent, upload)
                return RedirectResponse(f"/documents/{replaced.document_id}/depose", 303)
        except errors.NotAllowed:
            return _unchangeable(request, document)
    if sent.faults.get("fichier") == "frozen":
        return _unchangeable(request, document)
    return await _form(request, visitor, document, sent, status=status_of(sent))


# --- delete and restore


@router.get("/documents/{document_id}/supprimer")
async def show_delete(request: Request, document_id: UUID, visitor: Member) -> Response:
    """The window that asks before anything is deleted (S48)."""
    document = await _document(request, visitor, document_id)
    if not document.changeable:
        return _unchangeable(request, document)
    place = place_of(document, await only_in_dossier(request, document))
    return page(request, "document_delete.html", tab="documents", document=document, place=place)


@router.post("/documents/{document_id}/supprimer")
async def delete(request: Request, document_id: UUID, visitor: Member) -> Response:
    """Into the trash for 30 days."""
    return await _change(request, visitor, document_id, method=api.DELETE_DOCUMENT)


@router.post("/documents/{document_id}/retablir")
async def restore(request: Request, document_id: UUID, visitor: Member) -> Response:
    """Out of the trash."""
    return await _change(request, visitor, document_id, method=api.RESTORE_DOCUMENT)


@router.get("/documents/corbeille")
async def show_trash(request: Request, visitor: Member, curseur: str = "") -> Response:
    """What can still be restored."""
    wanted = api.ListDeletedDocuments(siret=visitor.known.siret, cursor=curseur[:400] or None)
    found = await request.app.state.bus.call(api.LIST_DELETED_DOCUMENTS, wanted)
    values = {"documents": found.documents, "next_cursor": found.next_cursor}
    return page(request, "documents_trash.html", tab="documents", **values)
