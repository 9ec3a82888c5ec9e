"""Files of payments (S33)."""

from pydantic import Field

from espace_contracts import errors
from espace_contracts.payments.lists import PaymentSearch
from espace_contracts.payments.words import BY_GATEWAY, SERVICE, ExportFormat, ExportState
from espace_contracts.rpc import Answer, Method, Request, Write
from espace_contracts.types import Actor, Id, Instant, Siret, Text


class ExportPayments(Write):
    """Make the file of a search, all pages (S33): Excel, or CSV with semicolons.

    More payments than an Excel sheet has rows are refused, naming `format`.
    """

    siret: Siret
    actor: Actor
    legal_name: Text
    search: PaymentSearch = PaymentSearch()
    format: ExportFormat = "xlsx"


class ExportedFile(Answer):
    """Where the file can be fetched for a minute; the bytes never travel on the bus."""

    url: str
    file_name: str
    media_type: str
    size: int


class Export(Answer):
    """A file of payments: a short one is `ready` at once, a long one is a job to be asked for with `get_export`."""

    state: ExportState
    job_id: Id | None = Field(default=None, description="set for a long one")
    done: int = Field(description="payments written so far")
    total: int = Field(description="payments of the search when it was asked for")
    file: ExportedFile | None = Field(default=None, description="set when it is ready")


class GetExport(Request):
    """How far a job is; a finished file is kept for a day."""

    siret: Siret
    job_id: Id


class ListExports(Request):
    """The files that this person has asked for within the last day."""

    siret: Siret
    account_id: Id


class ListedExport(Answer):
    """One of them; a finished one is fetched with `get_export`."""

    job_id: Id
    state: ExportState
    format: ExportFormat
    done: int
    total: int
    requested_at: Instant
    file_name: str | None = Field(default=None, description="set when it is ready")
    size: int | None = None


class Exports(Answer):
    """The newest first, a hundred at most."""

    exports: tuple[ListedExport, ...]


EXPORT_PAYMENTS = Method(
    SERVICE,
    "export_payments",
    ExportPayments,
    Export,
    BY_GATEWAY,
    (errors.InvalidRequest, errors.KeyReused),
    seconds=30,
)
GET_EXPORT = Method(SERVICE, "get_export", GetExport, Export, BY_GATEWAY, (errors.NotFound,))
LIST_EXPORTS = Method(SERVICE, "list_exports", ListExports, Exports, BY_GATEWAY)
