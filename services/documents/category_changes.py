"""What applying a file of categories would change, in words for the operator. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from espace_contracts.documents import Category

NEW, CHANGED, RETIRED, BACK, MOVED = "new", "changed", "retired", "back", "moved"
SIGNS: Mapping[str, str] = {NEW: "+", CHANGED: "~", RETIRED: "-", BACK: "+", MOVED: "~"}


@dataclass(frozen=True)
class Held:
    """What stands under a category today, the trash included: such documents are never orphaned."""

    documents: int = 0
    without_dossier: int = 0


@dataclass(frozen=True)
class Difference:
    """What becomes of one category."""

    key: str
    kind: str
    label: str
    details: tuple[str, ...] = ()

    def lines(self) -> list[str]:
        """The difference as an operator reads it."""
        head = f"{SIGNS[self.kind]} {self.key:24} « {self.label} »: {self.kind}"
        return [head, *(f"    {detail}" for detail in self.details)]


def differences(
    today: Mapping[str, Category], retired: frozenset[str], tomorrow: Sequence[Category], held: Mapping[str, Held]
) -> list[Difference]:
    """All that changes, in the file's order, then what it no longer names."""
    found = [each for category in tomorrow if (each := _difference(today, retired, category))]
    named = {category.key for category in tomorrow}
    gone = [category for key, category in today.items() if key not in named and key not in retired]
    found += [Difference(one.key, RETIRED, one.label, _kept(one, held.get(one.key, Held()))) for one in gone]
    before = [key for key in today if key in named and key not in retired]
    after = [category.key for category in tomorrow if category.key in before]
    if before != after:
        found.append(Difference("(order)", MOVED, "the list", (" ".join(after),)))
    return found


def _difference(today: Mapping[str, Category], retired: frozenset[str], category: Category) -> Difference | None:
    before = today.get(category.key)
    if before is None:
        return Difference(category.key, NEW, category.label)
    changes = tuple(_changes(before, category))
    if category.key in retired:
        return Difference(category.key, BACK, category.label, changes)
    return Difference(category.key, CHANGED, category.label, changes) if changes else None


def _changes(before: Category, after: Category) -> list[str]:
    old, new = before.model_dump(mode="json"), after.model_dump(mode="json")
    return [f"{name}: {_shown(old[name])} → {_shown(new[name])}" for name in new if old[name] != new[name]]


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(_shown(each) for each in value) + "]"
    if isinstance(value, dict):
        name = value.get("key") or value.get("name")
        rest = (value.get("type", ""), "required" if value.get("required") else "optional", f"« {value['label']} »")
        return " ".join(str(part) for part in (name, *rest, *value.get("choices", ())) if part)
    return "none" if value is None else str(value)


def _kept(category: Category, held: Held) -> tuple[str, ...]:
    return (f"{held.documents} documents stay under « {category.rubric} »",) if held.documents else ()


def orphans(tomorrow: Sequence[Category], held: Mapping[str, Held]) -> list[str]:
    """Why the file cannot be applied: a document that could be found nowhere any more (S51)."""
    return [
        f"{category.key}: would exist only in the dossier, but {held[category.key].without_dossier} documents have none"
        for category in tomorrow
        if category.dossier_only and category.key in held and held[category.key].without_dossier
    ]
