"""Dossiers: the search and « Mes dossiers » (S45, S46, S52)."""

from pydantic import Field

from espace_contracts import errors
from espace_contracts.documents.lists import Document
from espace_contracts.documents.words import BY_GATEWAY, SERVICE, SearchText
from espace_contracts.rpc import Answer, Method, Request
from espace_contracts.types import Cursor, DossierNumber, Funder, Period, Person, Siret, Text


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
    more_documents: bool = Field(
        default=False, description="whether the search finds older ones outside of any dossier"
    )
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


SEARCH_DOSSIERS = Method(SERVICE, "search_dossiers", SearchDossiers, Dossiers, BY_GATEWAY, (errors.InvalidRequest,))
GET_DOSSIER = Method(SERVICE, "get_dossier", GetDossier, DossierDocuments, BY_GATEWAY, (errors.NotFound,))
