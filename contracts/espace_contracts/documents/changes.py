"""Changes of own deposits: another category, the trash and back (S48, S49)."""

from pydantic import Field

from espace_contracts import errors
from espace_contracts.documents.categories import Details
from espace_contracts.documents.lists import Document, Documents
from espace_contracts.documents.words import BY_DEPOSITORS, BY_GATEWAY, SERVICE, CategoryKey
from espace_contracts.rpc import Method, Request, Write
from espace_contracts.types import Actor, Cursor, DossierNumber, Id, Period, Person, Siret, Text


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
    details: Details = Field(default={})


class DeleteDocument(ChangeDocument):
    """Put an own deposit into the trash, from where it can be restored for 30 days (S48)."""


class RestoreDocument(ChangeDocument):
    """Take an own deposit out of the trash."""


class ListDeletedDocuments(Request):
    """The employer's own deposits that can be restored, those deleted last first."""

    siret: Siret
    cursor: Cursor | None = None
    limit: int = Field(default=100, ge=1, le=500)


_CHANGE = (errors.NotFound, errors.NotAllowed, errors.Conflict, errors.InvalidRequest, errors.KeyReused)
RECATEGORISE_DOCUMENT = Method(
    SERVICE,
    "recategorise_document",
    RecategoriseDocument,
    Document,
    BY_DEPOSITORS,
    (*_CHANGE, errors.FileRefused),
)
DELETE_DOCUMENT = Method(SERVICE, "delete_document", DeleteDocument, Document, BY_DEPOSITORS, _CHANGE)
RESTORE_DOCUMENT = Method(SERVICE, "restore_document", RestoreDocument, Document, BY_DEPOSITORS, _CHANGE)
LIST_DELETED_DOCUMENTS = Method(
    SERVICE, "list_deleted_documents", ListDeletedDocuments, Documents, BY_GATEWAY, (errors.InvalidRequest,)
)
