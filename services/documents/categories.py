"""The file of categories: kinds of documents as data (S37 to S39, S53), checked before anything uses them."""

from pathlib import Path
from typing import Any

from espace_contracts.documents import Category, CategoryField, FreeField
from pydantic import BaseModel, ConfigDict, Field, model_validator

from services.documents.file_checks import MEDIA_TYPES

FILE = Path(__file__).parent / "categories.json"
MOST_FREE_FIELDS = 30
ATTACHMENTS = frozenset({"factur-x.xml"})  # its content is checked to be an invoice


class CategoryFile(BaseModel):
    """All categories of one *version*; the version rises with every change of the file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: int = Field(ge=1)
    categories: tuple[Category, ...] = Field(min_length=1)

    @model_validator(mode="before")
    @classmethod
    def _known(cls, data: Any) -> Any:
        """A slip of the pen must not pass for a member that was left out."""
        faults = [fault for category in _dicts(data, "categories") for fault in _unknown(category)]
        if faults:
            raise ValueError("; ".join(faults))
        return data

    @model_validator(mode="after")
    def _consistent(self) -> "CategoryFile":
        keys = [category.key for category in self.categories]
        faults = [f"{key}: named twice" for key in sorted(set(keys)) if keys.count(key) > 1]
        for category in self.categories:
            faults += [f"{category.key}: {fault}" for fault in _faults(category)]
        if faults:
            raise ValueError("; ".join(faults))
        return self


def _dicts(data: Any, name: str) -> list[dict[str, Any]]:
    listed = data.get(name) if isinstance(data, dict) else None
    return [each for each in listed if isinstance(each, dict)] if isinstance(listed, list | tuple) else []


def _unknown(category: dict[str, Any]) -> list[str]:
    parts: list[tuple[dict[str, Any], type[BaseModel]]] = [(category, Category)]
    parts += [(field, CategoryField) for field in _dicts(category, "fields")]
    parts += [(field, FreeField) for field in _dicts(category, "free_fields")]
    names = [str(name) for part, model in parts for name in part if name not in model.model_fields]
    return [f"{category.get('key')}: does not know {name}" for name in names]


def _faults(category: Category) -> list[str]:
    faults = []
    names = [field.name for field in category.fields]
    if len(set(names)) != len(names):
        faults.append("asks twice for a field")
    if not category.accepted or not set(category.accepted) <= set(MEDIA_TYPES):
        faults.append(f"may accept {' '.join(MEDIA_TYPES)} only")
    if category.max_bytes < 1:
        faults.append("accepts no byte")
    if not category.instructions or not category.depositors:
        faults.append("needs instructions and depositors")
    if "employer" in category.depositors and {"beneficiary", "payment"} & set(names):
        faults.append("asks employers for what their form does not have")
    if category.dossier_only and not any(field.name == "dossier" and field.required for field in category.fields):
        faults.append("exists only in the dossier, so it must ask for it")
    if not set(category.attachments) <= ATTACHMENTS:
        faults.append(f"may let a PDF carry {' '.join(sorted(ATTACHMENTS))} only")
    if category.retention_months is not None and category.retention_months < 1:
        faults.append("is kept for a month at least")
    return faults + _free_faults(category)


def _free_faults(category: Category) -> list[str]:
    keys = [field.key for field in category.free_fields]
    faults = [f"asks twice for {key}" for key in sorted(set(keys)) if keys.count(key) > 1]
    if len(keys) > MOST_FREE_FIELDS:
        faults.append(f"has more than {MOST_FREE_FIELDS} fields of its own")
    for field in category.free_fields:
        if not field.label.strip():
            faults.append(f"{field.key} has no label")
        if field.type == "choice" and len(set(field.choices)) < 2:
            faults.append(f"{field.key} leaves no choice")
        if field.type == "choice" and len(set(field.choices)) != len(field.choices):
            faults.append(f"{field.key} offers a word twice")
        if field.type != "choice" and field.choices:
            faults.append(f"{field.key} is no choice")
    return faults


def read_file(path: Path = FILE) -> CategoryFile:
    """The categories of *path*, by default those that are shipped. Raises what `read_text` raises."""
    return read_text(path.read_text(encoding="utf-8"))


def read_text(content: str) -> CategoryFile:
    """The categories of a file's *content*. Raises pydantic's ValidationError with every fault."""
    return CategoryFile.model_validate_json(content)
