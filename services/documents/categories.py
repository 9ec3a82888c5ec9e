"""The file of categories: kinds of documents as data (S37 to S39, S53), checked before anything uses them."""

from pathlib import Path

from espace_contracts.documents import Category
from pydantic import BaseModel, ConfigDict, Field, model_validator

from services.documents.file_checks import MEDIA_TYPES

FILE = Path(__file__).parent / "categories.json"


class CategoryFile(BaseModel):
    """All categories of one *version*; the version rises with every change."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: int = Field(ge=1)
    categories: tuple[Category, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _consistent(self) -> "CategoryFile":
        keys = [category.key for category in self.categories]
        faults = [f"{key}: named twice" for key in sorted(set(keys)) if keys.count(key) > 1]
        for category in self.categories:
            faults += [f"{category.key}: {fault}" for fault in _faults(category)]
        if faults:
            raise ValueError("; ".join(faults))
        return self


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
    return faults


def read_file(path: Path = FILE) -> CategoryFile:
    """The categories of *path*. Raises pydantic's ValidationError with every fault."""
    return CategoryFile.model_validate_json(path.read_text(encoding="utf-8"))
