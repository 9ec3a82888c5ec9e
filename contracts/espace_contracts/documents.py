"""The service `documents`: dossiers, categories, deposits, files."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from espace_contracts import errors
from espace_contracts.document_events import (
    EVENTS,
    EXCHANGE,
    CategoryKey,
    DepositorKind,
    DocumentAvailable,
    DocumentDeleted,
    DocumentDeposited,
    DocumentInfected,
    DocumentRecategorised,
    DocumentReplaced,
    DocumentRestored,
    DossierOpened,
    RemittanceAdviceIssued,
)
from espace_contracts.rpc import BENEFICIARY, FUNDER, GATEWAY, TRAINING_PROVIDER, Answer, Method, Request, Write
from espace_contracts.types import (
    Actor,
    Cursor,
    DossierNumber,
    Funder,
    Id,
    Instant,
    PaymentNumber,
    Period,
    Person,
    Sha256,
    Siret,
    Text,
    Version,
)

__all__ = [
    "EVENTS",
    "EXCHANGE",
    "DocumentAvailable",
    "DocumentDeleted",
    "DocumentDeposited",
    "DocumentInfected",
    "DocumentRecategorised",
    "DocumentReplaced",
    "DocumentRestored",
    "DossierOpened",
    "RemittanceAdviceIssued",
]

SERVICE = "documents"
Scan = Literal["pending", "scanning", "available", "blocked"]
Handling = Literal["received", "accepted", "to_correct"]
FileName = Annotated[str, StringConstraints(min_length=1, max_length=1000)]
MediaType = Annotated[str, StringConstraints(max_length=200)]
SearchText = Annotated[str, StringConstraints(max_length=200)]
DESCRIBED = (
    "category",
    "dossier_number",
    "label",
    "period",
    "beneficiary",
    "payment_number",
)  # what a depositor says of a file


class CategoryField(Answer):
    """A field that a category asks for (S39)."""

    name: Literal["dossier", "label", "period", "beneficiary", "payment"]
    label: str
    required: bool


class Category(Answer):
    """A kind of document, as data (S37 to S39, S53)."""

    key: CategoryKey
    label: str
    rubric: str
    instructions: tuple[str, ...]
    fields: tuple[CategoryField, ...]
    accepted: tuple[str, ...] = Field(description="file endings with the dot, lower case")
    max_bytes: int
    dossier_only: bool
    depositors: tuple[DepositorKind, ...]


class ListCategories(Request):
    """The categories that a depositor of this kind may choose from; all when none is named."""

    depositor: DepositorKind | None = None


class Categories(Answer):
    """In the order of the list on the page."""

    categories: tuple[Category, ...]


class DocumentChange(Answer):
    """What became of a deposit, by whom and when (S48, S49); *version* is the file's from then on."""

    change: Literal["replaced", "recategorised", "deleted", "restored"]
    version: Version
    by_kind: DepositorKind
    by_name: str
    at: Instant


class Document(Answer):
    """A document as its list shows it."""

    document_id: Id
    version: Version
    category: CategoryKey
    rubric: str
    title: str = Field(description="its label, or its category's label")
    file_name: str
    media_type: str
    size: int
    sha256: Sha256
    depositor: DepositorKind
    depositor_name: str
    deposited_at: Instant
    dossier_number: DossierNumber | None = None
    payment_number: PaymentNumber | None = None
    beneficiary: Person | None = None
    label: str | None = None
    period: Period | None = None
    scan: Scan
    handling: Handling
    reason: str | None = None
    changeable: bool = Field(description="an own deposit that the funder has not taken into account (S48, S50)")
    changes: tuple[DocumentChange, ...] = Field(default=(), description="newest first, told by get_document only")
    restorable_until: Instant | None = Field(default=None, description="of a deposit in the trash")


class Dossier(Answer):
    """A dossier of the employer."""

    dossier_number: DossierNumber
    beneficiary: Person
    training_title: Text
    training_provider: Text
    period: Period
    funder: Funder | None = None
    document_count: int
    to_correct_count: int


class ListDocuments(Request):
    """The documents tied to neither a dossier nor a beneficiary, newest first (S44).

    Either all of them by pages, those of one *category* by pages, or the newest *per_category* of each with counts (S53).
    """

    siret: Siret
    category: CategoryKey | None = None
    per_category: int | None = Field(default=None, ge=1, le=50)
    cursor: Cursor | None = None
    limit: int = Field(default=100, ge=1, le=500)


class Documents(Answer):
    """Grouped by the page under their rubrics (S53)."""

    documents: tuple[Document, ...]
    counts: dict[CategoryKey, int] = Field(
        default={}, description="all of each category, where only the newest are told"
    )
    next_cursor: Cursor | None = None


class SearchDossiers(Request):
    """Dossiers by number or beneficiary, without regard to case, accents or the names' order (S45); all without text."""

    siret: Siret
    text: SearchText = ""
    include_dossier_only: bool = Field(default=True, description="whether the counts hold them (S51)")
    cursor: Cursor | None = None
    limit: int = Field(default=100, ge=1, le=500)


class Dossiers(Answer):
    """Newest first; the first page of a search also has the *documents* outside of any dossier that it finds (S34, S46)."""

    dossiers: tuple[Dossier, ...]
    documents: tuple[Document, ...] = ()
    next_cursor: Cursor | None = None


class GetDossier(Request):
    """A dossier and its documents; *include_dossier_only* is the view of « Mes dossiers » (S51, S52)."""

    siret: Siret
    dossier_number: DossierNumber
    include_dossier_only: bool = True


class DossierDocuments(Answer):
    """A dossier with its documents, newest first."""

    dossier: Dossier
    documents: tuple[Document, ...]


class BeginDeposit(Write):
    """Announce a file: what it is, how large, and with which SHA-256 where the depositor can know it beforehand.

    Either its *category* with the fields that it asks for, or the *document_id* of an own deposit whose file it
    replaces (S49). The gateway names the person as *actor*; who any other caller is comes from its broker user (S43).
    """

    siret: Siret
    actor: Actor | None = None
    category: CategoryKey | None = None
    dossier_number: DossierNumber | None = None
    label: Text | None = None
    period: Period | None = None
    beneficiary: Person | None = None
    payment_number: PaymentNumber | None = None
    document_id: Id | None = None
    file_name: FileName
    media_type: MediaType = "application/octet-stream"
    size: int = Field(ge=0, le=5_000_000_000)
    sha256: Sha256 | None = None

    @model_validator(mode="after")
    def _new_or_replacing(self) -> "BeginDeposit":
        described = [name for name in DESCRIBED if getattr(self, name) is not None]
        if self.document_id is None and self.category is None:
            raise ValueError("names neither a category nor a document")
        if self.document_id is not None and described:
            raise ValueError("a document keeps what is said of it when its file is replaced")
        return self


class Upload(Answer):
    """Where and how to PUT the bytes, once, with exactly these headers."""

    url: str
    headers: dict[str, str]
    expires_at: Instant


class BegunDeposit(Answer):
    """A deposit that waits for its bytes; it is no document yet."""

    deposit_id: Id
    size: int = Field(description="bytes that were announced, exactly")
    upload: Upload


class RenewUpload(Request):
    """Where to PUT the bytes of an own deposit that was begun before: a fresh address for the same single write."""

    siret: Siret
    deposit_id: Id


class CompleteDeposit(Write):
    """The bytes are in the store: make it a document (S41, S42)."""

    siret: Siret
    deposit_id: Id


class ChangeDocument(Write):
    """An own deposit that is to change, and who changes it: the gateway names the person as *actor*."""

    siret: Siret
    actor: Actor | None = None
    document_id: Id


class RecategoriseDocument(ChangeDocument):
    """Put an own deposit under another category; that category's fields apply, all anew (S49)."""

    category: CategoryKey
    dossier_number: DossierNumber | None = None
    label: Text | None = None
    period: Period | None = None
    beneficiary: Person | None = None


class DeleteDocument(ChangeDocument):
    """Put an own deposit into the trash, from where it can be restored for 30 days (S48)."""


class RestoreDocument(ChangeDocument):
    """Take an own deposit out of the trash."""


class ListDeletedDocuments(Request):
    """The employer's own deposits that can be restored, those deleted last first."""

    siret: Siret
    cursor: Cursor | None = None
    limit: int = Field(default=100, ge=1, le=500)


class OpenFile(Request):
    """Where a document's bytes can be fetched for a minute; the latest version when none is named.

    The gateway names the person as *actor*: each opening is kept with who asked for it.
    """

    siret: Siret
    actor: Actor | None = None
    document_id: Id
    version: Version | None = None


class OpenedFile(Answer):
    """The bytes never travel on the bus."""

    url: str
    file_name: str
    media_type: str
    size: int
    expires_at: Instant


class GetDocument(Request):
    """One document of this employer."""

    siret: Siret
    document_id: Id


class GetAdvice(Request):
    """The remittance advice of one payment of this employer (S34)."""

    siret: Siret
    payment_number: PaymentNumber


_GATEWAY = frozenset({GATEWAY})
_DEPOSITORS = frozenset({GATEWAY, FUNDER, TRAINING_PROVIDER, BENEFICIARY})
_READERS = frozenset({GATEWAY, FUNDER})

LIST_CATEGORIES = Method(SERVICE, "list_categories", ListCategories, Categories, _DEPOSITORS, identified=False)
LIST_DOCUMENTS = Method(SERVICE, "list_documents", ListDocuments, Documents, _GATEWAY, (errors.InvalidRequest,))
SEARCH_DOSSIERS = Method(SERVICE, "search_dossiers", SearchDossiers, Dossiers, _GATEWAY, (errors.InvalidRequest,))
GET_DOSSIER = Method(SERVICE, "get_dossier", GetDossier, DossierDocuments, _GATEWAY, (errors.NotFound,))
BEGIN_DEPOSIT = Method(
    SERVICE,
    "begin_deposit",
    BeginDeposit,
    BegunDeposit,
    _DEPOSITORS,
    (
        errors.InvalidRequest,
        errors.FileRefused,
        errors.NotFound,
        errors.NotAllowed,
        errors.Conflict,
        errors.KeyReused,
    ),
)
RENEW_UPLOAD = Method(
    SERVICE,
    "renew_upload",
    RenewUpload,
    BegunDeposit,
    _DEPOSITORS,
    (errors.NotFound, errors.FileRefused, errors.Conflict),
)
COMPLETE_DEPOSIT = Method(
    SERVICE,
    "complete_deposit",
    CompleteDeposit,
    Document,
    _DEPOSITORS,
    (errors.NotFound, errors.NotAllowed, errors.FileRefused, errors.Conflict, errors.KeyReused),
    seconds=20,
)
_CHANGE = (errors.NotFound, errors.NotAllowed, errors.Conflict, errors.InvalidRequest, errors.KeyReused)
RECATEGORISE_DOCUMENT = Method(
    SERVICE,
    "recategorise_document",
    RecategoriseDocument,
    Document,
    _DEPOSITORS,
    (*_CHANGE, errors.FileRefused),
)
DELETE_DOCUMENT = Method(SERVICE, "delete_document", DeleteDocument, Document, _DEPOSITORS, _CHANGE)
RESTORE_DOCUMENT = Method(SERVICE, "restore_document", RestoreDocument, Document, _DEPOSITORS, _CHANGE)
LIST_DELETED_DOCUMENTS = Method(
    SERVICE, "list_deleted_documents", ListDeletedDocuments, Documents, _GATEWAY, (errors.InvalidRequest,)
)
GET_ADVICE = Method(SERVICE, "get_advice", GetAdvice, Document, _READERS, (errors.NotFound,))
GET_DOCUMENT = Method(SERVICE, "get_document", GetDocument, Document, _READERS, (errors.NotFound,))
OPEN_FILE = Method(SERVICE, "open_file", OpenFile, OpenedFile, _READERS, (errors.NotFound, errors.Conflict))

METHODS = (
    LIST_CATEGORIES,
    LIST_DOCUMENTS,
    SEARCH_DOSSIERS,
    GET_DOSSIER,
    BEGIN_DEPOSIT,
    RENEW_UPLOAD,
    COMPLETE_DEPOSIT,
    RECATEGORISE_DOCUMENT,
    DELETE_DOCUMENT,
    RESTORE_DOCUMENT,
    LIST_DELETED_DOCUMENTS,
    GET_ADVICE,
    GET_DOCUMENT,
    OPEN_FILE,
)
