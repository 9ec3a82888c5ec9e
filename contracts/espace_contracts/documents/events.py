"""What the service `documents` tells on its exchange."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field, StringConstraints

from espace_contracts.documents.words import EXCHANGE, CategoryKey, DepositorKind
from espace_contracts.envelope import EventData
from espace_contracts.types import DossierNumber, Id, Instant, LongText, PaymentNumber, Sha256, Siret, Version


class DocumentsEvent(EventData):
    """What all events of this exchange share."""

    exchange: ClassVar[str] = EXCHANGE

    siret: Siret


class DossierOpened(DocumentsEvent):
    """A dossier is in the employer's list."""

    type: ClassVar[str] = "DossierOpened.v1"

    dossier_number: DossierNumber


class ActedOn(DocumentsEvent):
    """A document that somebody has done something with: *account_id* is the person of the employer, if one did it."""

    account_id: Id | None = None


class DepositedFile(ActedOn):
    """A file that is stored and whose row is committed."""

    document_id: Id
    version: Version
    depositor: DepositorKind
    category: CategoryKey
    dossier_number: DossierNumber | None = None
    sha256: Sha256
    size: int


class DocumentDeposited(DepositedFile):
    """A file is stored and its row committed."""

    type: ClassVar[str] = "DocumentDeposited.v1"


class DocumentReplaced(DepositedFile):
    """A deposit has another file from this version on; the versions before it stay (S49)."""

    type: ClassVar[str] = "DocumentReplaced.v1"


class DocumentAvailable(DocumentsEvent):
    """This version of a document may be opened from now on (K25)."""

    type: ClassVar[str] = "DocumentAvailable.v1"

    document_id: Id
    version: Version


class DocumentInfected(DocumentsEvent):
    """A scanner has found *signature* in this version of a document, which is never served (K24)."""

    type: ClassVar[str] = "DocumentInfected.v1"

    document_id: Id
    version: Version
    signature: Annotated[str, StringConstraints(max_length=200)]


class DocumentRecategorised(ActedOn):
    """A deposit stands under another category, with that category's fields (S49)."""

    type: ClassVar[str] = "DocumentRecategorised.v1"

    document_id: Id
    version: Version
    category: CategoryKey
    previous_category: CategoryKey
    dossier_number: DossierNumber | None = None


class DocumentDeleted(ActedOn):
    """A deposit is in the trash, and can be restored until then (S48)."""

    type: ClassVar[str] = "DocumentDeleted.v1"

    document_id: Id
    version: Version
    restorable_until: Instant


class DocumentRestored(ActedOn):
    """A deposit is back from the trash."""

    type: ClassVar[str] = "DocumentRestored.v1"

    document_id: Id
    version: Version


class DocumentHandled(DocumentsEvent):
    """The funder's word on a version of a document stands: taken into account, or to be corrected for a *reason* (S48).

    Told once for each decision that changes something, with what a reader needs to know the document by.
    """

    type: ClassVar[str] = "DocumentHandled.v1"

    document_id: Id
    version: Version
    handling: Literal["accepted", "to_correct"]
    reason: LongText | None = None
    depositor: DepositorKind
    category: CategoryKey
    title: str = Field(description="its label, or its category's label")
    dossier_number: DossierNumber | None = None
    deposited_at: Instant


class DocumentErased(DocumentsEvent):
    """A document is gone with all its files: it was in the trash too long, or kept as long as its category says (K38)."""

    type: ClassVar[str] = "DocumentErased.v1"

    document_id: Id
    category: CategoryKey


class RemittanceAdviceIssued(DocumentsEvent):
    """This version of a document is the remittance advice of a payment; *deposited* when it is the funder's own (S34)."""

    type: ClassVar[str] = "RemittanceAdviceIssued.v1"

    document_id: Id
    version: Version
    payment_number: PaymentNumber
    deposited: bool


EVENTS: tuple[type[EventData], ...] = (
    DossierOpened,
    DocumentDeposited,
    DocumentAvailable,
    DocumentInfected,
    DocumentReplaced,
    DocumentRecategorised,
    DocumentDeleted,
    DocumentRestored,
    DocumentHandled,
    DocumentErased,
    RemittanceAdviceIssued,
)
