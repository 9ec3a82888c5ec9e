"""A deposit in three steps: announce, PUT the bytes, complete (S36 to S43)."""

from pydantic import Field, model_validator

from espace_contracts import errors
from espace_contracts.documents.categories import Details
from espace_contracts.documents.lists import Document
from espace_contracts.documents.words import BY_DEPOSITORS, SERVICE, CategoryKey, FileName, MediaType
from espace_contracts.rpc import Answer, Method, Request, Write
from espace_contracts.types import Actor, DossierNumber, Id, Instant, PaymentNumber, Period, Person, Sha256, Siret, Text

# What a depositor says of a file.
DESCRIBED = ("category", "dossier_number", "label", "period", "beneficiary", "payment_number", "details")


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
    details: Details = Field(default={})
    document_id: Id | None = None
    file_name: FileName
    media_type: MediaType = "application/octet-stream"
    size: int = Field(ge=0, le=5_000_000_000)
    sha256: Sha256 | None = None

    @model_validator(mode="after")
    def _new_or_replacing(self) -> "BeginDeposit":
        described = [name for name in DESCRIBED if getattr(self, name) not in (None, {})]
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


BEGIN_DEPOSIT = Method(
    SERVICE,
    "begin_deposit",
    BeginDeposit,
    BegunDeposit,
    BY_DEPOSITORS,
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
    BY_DEPOSITORS,
    (errors.NotFound, errors.FileRefused, errors.Conflict),
)
COMPLETE_DEPOSIT = Method(
    SERVICE,
    "complete_deposit",
    CompleteDeposit,
    Document,
    BY_DEPOSITORS,
    (errors.NotFound, errors.NotAllowed, errors.FileRefused, errors.Conflict, errors.KeyReused),
    seconds=20,
)
