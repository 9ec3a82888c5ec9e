"""The kinds of documents, which are data (S37 to S39)."""

from typing import Literal

from pydantic import Field

from espace_contracts.documents.words import BY_DEPOSITORS, SERVICE, CategoryKey, DepositorKind
from espace_contracts.rpc import Answer, Method, Request


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


LIST_CATEGORIES = Method(SERVICE, "list_categories", ListCategories, Categories, BY_DEPOSITORS, identified=False)
