"""The kinds of documents, which are data (S37 to S39)."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from espace_contracts.documents.words import BY_DEPOSITORS, SERVICE, CategoryKey, DepositorKind
from espace_contracts.rpc import Answer, Method, Request
from espace_contracts.types import Text

DetailKey = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
DetailType = Literal["text", "number", "amount", "date", "choice"]
Details = Annotated[
    dict[DetailKey, Text],
    Field(
        max_length=30,
        description="what stands in the category's free fields, by their keys: a number or an amount as a "
        "decimal string, a date as ISO 8601, a choice as one of its words",
    ),
]


class CategoryField(Answer):
    """A field that a category asks for (S39)."""

    name: Literal["dossier", "label", "period", "beneficiary", "payment"]
    label: str
    required: bool


class FreeField(Answer):
    """A field that one category alone asks for: what it is called and what may stand in it (S39)."""

    key: DetailKey
    label: str
    type: DetailType
    required: bool
    hint: str = ""
    choices: tuple[str, ...] = Field(default=(), description="of a choice, in the order of the list")


class Detail(Answer):
    """What a depositor wrote into a free field, with the field's label and type as they were then."""

    key: DetailKey
    label: str
    type: DetailType
    value: str


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
    free_fields: tuple[FreeField, ...] = ()
    attachments: tuple[str, ...] = Field(
        default=(), description="names of files that a PDF may carry; others are refused with what they come in"
    )
    retention_months: int | None = Field(
        default=None, description="after the deposit, or the dossier's end if that is later; without it for ever"
    )


class ListCategories(Request):
    """The categories that a depositor of this kind may choose from; all when none is named."""

    depositor: DepositorKind | None = None


class Categories(Answer):
    """In the order of the list on the page."""

    categories: tuple[Category, ...]


LIST_CATEGORIES = Method(SERVICE, "list_categories", ListCategories, Categories, BY_DEPOSITORS, identified=False)
