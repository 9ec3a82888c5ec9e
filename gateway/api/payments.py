"""The API's payments: the list with its totals, ticks, exports."""

from datetime import datetime
from typing import Annotated, Any, TypeVar
from uuid import UUID

from espace_contracts import errors
from espace_contracts import payments as api
from espace_contracts.envelope import faulty_fields
from espace_contracts.rpc import Method, Write
from espace_contracts.types import PaymentNumber
from fastapi import Depends, Header, Request
from fastapi.responses import JSONResponse, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from gateway.api.asked import Asked
from gateway.api.exactness import ExactDay, ExactFlag, ExactRoute
from gateway.api.shapes import Page, name_next, problems
from gateway.routing import Section, below
from gateway.session import API_MEMBER, API_MEMBER_WRITES, Visitor

router = Section(below("/api/v1/payments"), tags=["payments"], route_class=ExactRoute)
WriteT = TypeVar("WriteT", bound=Write)
Key = Annotated[str | None, Header(alias="Idempotency-Key", min_length=1, max_length=200)]


class PaymentList(Page[api.Payment]):
    """Payments, newest first, with the totals of the whole search."""

    totals: api.PaymentTotals
    months: list[api.MonthTotal]
    seen_until: datetime | None = Field(description="handed back to `payments/ticks`: what comes later stays unticked")


class Wanted(BaseModel):
    """The criteria of a search, which combine, and the part of its list that is wanted."""

    paid_from: ExactDay | None = None
    paid_to: ExactDay | None = None
    worked_from: ExactDay | None = None
    worked_to: ExactDay | None = None
    text: str | None = Field(default=None, max_length=200)
    ticked: ExactFlag | None = None
    cursor: str | None = Field(default=None, min_length=1, max_length=400)
    limit: int = Field(default=100, ge=1, le=500)

    def of(self, siret: str) -> api.ListPayments:
        """The request of the bus."""
        search = api.PaymentSearch(**self.model_dump(exclude={"cursor", "limit"}))
        return api.ListPayments(siret=siret, search=search, cursor=self.cursor, limit=self.limit)


WANTED = Asked(Wanted)


@router.get("/payments", responses=problems(401, 403, 422, 503), openapi_extra=WANTED.openapi)
async def list_payments(
    request: Request,
    response: Response,
    visitor: Annotated[Visitor, Depends(API_MEMBER)],
    wanted: Annotated[Wanted, Depends(WANTED)],
) -> PaymentList:
    """The employer's payments (S23 to S31); amounts and hours are decimal strings."""
    listed = await request.app.state.bus.call(api.LIST_PAYMENTS, wanted.of(visitor.known.siret))
    name_next(request, response, listed.next_cursor)
    return PaymentList(
        items=list(listed.payments),
        next_cursor=listed.next_cursor,
        totals=listed.totals,
        months=list(listed.months),
        seen_until=listed.seen_until,
    )


@router.put("/payments/{payment_number}/tick", responses=problems(401, 403, 404, 503))
async def tick_payment(
    request: Request, payment_number: PaymentNumber, visitor: Annotated[Visitor, Depends(API_MEMBER_WRITES)]
) -> api.TickedPayments:
    """Mark a payment as checked (S32); doing it again changes nothing."""
    return await request.app.state.bus.call(api.TICK_PAYMENTS, _one(api.TICK_PAYMENTS, visitor, payment_number))


@router.delete("/payments/{payment_number}/tick", responses=problems(401, 403, 404, 503))
async def untick_payment(
    request: Request, payment_number: PaymentNumber, visitor: Annotated[Visitor, Depends(API_MEMBER_WRITES)]
) -> api.TickedPayments:
    """Remove the mark."""
    return await request.app.state.bus.call(api.UNTICK_PAYMENTS, _one(api.UNTICK_PAYMENTS, visitor, payment_number))


class WantedTicks(BaseModel):
    """Either named payments, or all that a search finds."""

    model_config = ConfigDict(extra="forbid")

    payment_numbers: list[PaymentNumber] = Field(default=[], max_length=1000)
    search: api.PaymentSearch | None = None
    seen_until: AwareDatetime | None = None


@router.post("/payments/ticks", responses=problems(401, 403, 404, 422, 503))
async def tick_payments(
    request: Request,
    wanted: WantedTicks,
    visitor: Annotated[Visitor, Depends(API_MEMBER_WRITES)],
    idempotency_key: Key = None,
) -> api.TickedPayments:
    """Mark several payments as checked; `batch` takes them back, `left` counts what was too much for one call."""
    ticks = _valid(api.TickPayments, visitor, idempotency_key, **wanted.model_dump())
    return await request.app.state.bus.call(api.TICK_PAYMENTS, ticks)


@router.delete("/payments/ticks/{batch}", responses=problems(401, 403, 503))
async def untick_batch(
    request: Request, batch: UUID, visitor: Annotated[Visitor, Depends(API_MEMBER_WRITES)]
) -> api.TickedPayments:
    """Remove the marks that were set together and still stand."""
    return await request.app.state.bus.call(api.UNTICK_PAYMENTS, _valid(api.UntickPayments, visitor, None, batch=batch))


class WantedExport(BaseModel):
    """A search, and the kind of file."""

    model_config = ConfigDict(extra="forbid")

    search: api.PaymentSearch = api.PaymentSearch()
    format: api.ExportFormat = "xlsx"


class ExportJob(BaseModel):
    """A file in the making; `content` beside it once it is ready."""

    job_id: UUID
    state: api.ExportState
    done: int
    total: int


FILE: dict[str, Any] = {"content": {"application/octet-stream": {}}, "description": "The file"}


@router.post(
    "/payments/exports",
    response_model=ExportJob,
    status_code=202,
    responses={200: FILE, **problems(401, 403, 422, 503)},
)
async def export_payments(
    request: Request,
    wanted: WantedExport,
    visitor: Annotated[Visitor, Depends(API_MEMBER_WRITES)],
    idempotency_key: Key = None,
) -> Any:
    """The file itself (200); of a long search the job that makes it (202, `Location`)."""
    export = await request.app.state.bus.call(
        api.EXPORT_PAYMENTS,
        _valid(api.ExportPayments, visitor, idempotency_key, legal_name=visitor.known.legal_name, **dict(wanted)),
    )
    if export.file is not None:
        return await _content(request, export.file)
    location = {"Location": f"/api/v1/payments/exports/{export.job_id}"}
    return JSONResponse(_job(export).model_dump(mode="json"), status_code=202, headers=location)


@router.get("/payments/exports/{job_id}", responses=problems(401, 403, 404, 503))
async def get_export(request: Request, job_id: UUID, visitor: Annotated[Visitor, Depends(API_MEMBER)]) -> ExportJob:
    """How far the file is."""
    return _job(await _export(request, visitor, job_id))


@router.get(
    "/payments/exports/{job_id}/content",
    response_class=Response,
    responses={200: FILE, **problems(401, 403, 404, 409, 503)},
)
async def get_export_content(
    request: Request, job_id: UUID, visitor: Annotated[Visitor, Depends(API_MEMBER)]
) -> Response:
    """The finished file, for a day."""
    export = await _export(request, visitor, job_id)
    if export.file is None:
        raise errors.Conflict(f"the export is {export.state}", "job_id")
    return await _content(request, export.file)


async def _export(request: Request, visitor: Visitor, job_id: UUID) -> api.Export:
    wanted = api.GetExport(siret=visitor.known.siret, job_id=job_id)
    return await request.app.state.bus.call(api.GET_EXPORT, wanted)


async def _content(request: Request, file: api.ExportedFile) -> Response:
    return await request.app.state.files.get(file.url, name=file.file_name, media_type=file.media_type)


def _job(export: api.Export) -> ExportJob:
    return ExportJob.model_validate(export.model_dump(include={"job_id", "state", "done", "total"}))


def _valid(kind: type[WriteT], visitor: Visitor, key: str | None, **members: Any) -> WriteT:
    """The request of the bus. Raises InvalidRequest where the contract wants more than the shape."""
    facts = {"siret": visitor.known.siret, "actor": visitor.actor, "idempotency_key": key}
    try:
        return kind.model_validate(facts | members)
    except ValidationError as exc:
        raise errors.InvalidRequest("does not fit the contract", ",".join(faulty_fields(exc))) from exc


def _one(method: Method[Any, Any], visitor: Visitor, number: str) -> Any:
    return method.request(siret=visitor.known.siret, actor=visitor.actor, payment_numbers=(number,))
