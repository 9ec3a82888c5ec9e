"""Documents as the employer's lists show them, and their bytes (S44, S47, S53)."""

from typing import Literal

from pydantic import Field

from espace_contracts import errors
from espace_contracts.documents.categories import Detail
from espace_contracts.documents.words import BY_GATEWAY, BY_READERS, SERVICE, CategoryKey, DepositorKind, Handling, Scan
from espace_contracts.rpc import Answer, Method, Request
from espace_contracts.types import (
    Actor,
    Cursor,
    DossierNumber,
    Id,
    Instant,
    PaymentNumber,
    Period,
    Person,
    Sha256,
    Siret,
    Version,
)


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
    estimated: bool = Field(
        default=False,
        description="of a remittance advice that nobody has opened yet: *size* is an estimate and *sha256* zeros",
    )
    depositor: DepositorKind
    depositor_name: str
    deposited_at: Instant
    dossier_number: DossierNumber | None = None
    payment_number: PaymentNumber | None = None
    beneficiary: Person | None = None
    label: str | None = None
    period: Period | None = None
    details: tuple[Detail, ...] = ()
    scan: Scan
    handling: Handling
    reason: str | None = None
    changeable: bool = Field(description="an own deposit that the funder has not taken into account (S48, S50)")
    changes: tuple[DocumentChange, ...] = Field(default=(), description="newest first, told by get_document only")
    restorable_until: Instant | None = Field(default=None, description="of a deposit in the trash")


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


LIST_DOCUMENTS = Method(SERVICE, "list_documents", ListDocuments, Documents, BY_GATEWAY, (errors.InvalidRequest,))
GET_ADVICE = Method(SERVICE, "get_advice", GetAdvice, Document, BY_READERS, (errors.NotFound,))
GET_DOCUMENT = Method(SERVICE, "get_document", GetDocument, Document, BY_READERS, (errors.NotFound,))
OPEN_FILE = Method(SERVICE, "open_file", OpenFile, OpenedFile, BY_READERS, (errors.NotFound, errors.Conflict))
