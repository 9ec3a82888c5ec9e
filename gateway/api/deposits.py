"""The API's deposits: announced, then sent to `documents/{id}/content`; changed, deleted and restored afterwards (S40 to S50)."""

from typing import Annotated, Any
from uuid import UUID

from espace_contracts import documents as api
from espace_contracts import errors
from espace_contracts.documents import CategoryKey, Details, FileName
from espace_contracts.envelope import faulty_fields
from espace_contracts.types import DossierNumber, Id, Period, Sha256, Text
from fastapi import Depends, Header, Request
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from gateway.api.exactness import ExactRoute
from gateway.api.shapes import problems
from gateway.files import UploadCut
from gateway.pages.deposit_by_script import store_stream
from gateway.problems import problem
from gateway.routing import Section, below
from gateway.session import API_MEMBER_WRITES, Visitor

router = Section(below("/api/v1/documents"), tags=["documents"], route_class=ExactRoute)
Member = Annotated[Visitor, Depends(API_MEMBER_WRITES)]
Key = Annotated[str | None, Header(alias="Idempotency-Key", min_length=1, max_length=200)]
BYTES: dict[str, Any] = {
    "requestBody": {"required": True, "content": {"application/octet-stream": {"schema": {"type": "string"}}}}
}


class Described(BaseModel):
    """What is said of a file: its category, with the fields that this one asks for (S39)."""

    model_config = ConfigDict(extra="forbid")

    category: CategoryKey
    dossier_number: DossierNumber | None = None
    label: Text | None = None
    period: Period | None = None
    details: Details = Field(default={})


class WantedDeposit(Described):
    """A file that will be sent; with *document_id* it replaces that document's, and nothing is said of it (S49)."""

    category: CategoryKey | None = None  # type: ignore[assignment]
    document_id: Id | None = None
    file_name: FileName
    size: int = Field(ge=0)
    sha256: Sha256 | None = None


class WaitingDeposit(BaseModel):
    """PUT exactly *size* bytes to *content*."""

    deposit_id: Id
    size: int
    content: str


@router.post("/documents", status_code=201, responses=problems(401, 403, 404, 409, 413, 415, 422, 503))
async def begin_deposit(
    request: Request, wanted: WantedDeposit, visitor: Member, idempotency_key: Key = None
) -> WaitingDeposit:
    """Announce a file; it is a document only once its bytes have come."""
    begun = await request.app.state.bus.call(
        api.BEGIN_DEPOSIT, _valid(api.BeginDeposit, visitor, idempotency_key, dict(wanted))
    )
    content = f"/api/v1/documents/{begun.deposit_id}/content"
    return WaitingDeposit(deposit_id=begun.deposit_id, size=begun.size, content=content)


@router.put(
    "/documents/{document_id}/content",
    status_code=201,
    response_model=api.Document,
    openapi_extra=BYTES,
    responses=problems(401, 403, 404, 409, 413, 415, 422, 503),
)
async def send_content(request: Request, document_id: UUID, visitor: Member) -> Any:
    """The bytes of a deposit, streamed on to the store; the answer is the document that it has become (S41)."""
    try:
        return await store_stream(request, visitor.known.siret, document_id)
    except UploadCut:
        return problem("upload_cut", 409, "Not as many bytes came as were announced; send them again.")


@router.patch("/documents/{document_id}", responses=problems(401, 403, 404, 409, 415, 422, 503))
async def recategorise(
    request: Request, document_id: UUID, wanted: Described, visitor: Member, idempotency_key: Key = None
) -> api.Document:
    """Put an own document under a category, with all that this one asks for."""
    members = dict(wanted) | {"document_id": document_id}
    changed = _valid(api.RecategoriseDocument, visitor, idempotency_key, members)
    return await request.app.state.bus.call(api.RECATEGORISE_DOCUMENT, changed)


@router.delete("/documents/{document_id}", responses=problems(401, 403, 404, 409, 503))
async def delete_document(
    request: Request, document_id: UUID, visitor: Member, idempotency_key: Key = None
) -> api.Document:
    """Put an own document into the trash; `restorable_until` says how long it can be restored (S48)."""
    wanted = _valid(api.DeleteDocument, visitor, idempotency_key, {"document_id": document_id})
    return await request.app.state.bus.call(api.DELETE_DOCUMENT, wanted)


@router.post("/documents/{document_id}/restoration", responses=problems(401, 403, 404, 503))
async def restore_document(
    request: Request, document_id: UUID, visitor: Member, idempotency_key: Key = None
) -> api.Document:
    """Take it out of the trash."""
    wanted = _valid(api.RestoreDocument, visitor, idempotency_key, {"document_id": document_id})
    return await request.app.state.bus.call(api.RESTORE_DOCUMENT, wanted)


def _valid(kind: Any, visitor: Visitor, key: str | None, members: dict[str, Any]) -> Any:
    """The request of the bus. Raises InvalidRequest where the contract wants more than the shape."""
    facts = {"siret": visitor.known.siret, "actor": visitor.actor, "idempotency_key": key}
    try:
        return kind.model_validate(facts | members)
    except ValidationError as exc:
        raise errors.InvalidRequest("does not fit the contract", ",".join(faulty_fields(exc))) from exc
