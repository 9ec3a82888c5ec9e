"""Documents as their lists show them: under their rubrics (S53), each with who deposited it and what became of it."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import quote

from espace_contracts.documents import Document

from gateway.language import gettext as _


@dataclass(frozen=True)
class Rubric:
    """A rubric and its newest documents; *total* is how many it has in all, *longer* the categories with more of them."""

    name: str
    documents: tuple[Document, ...]
    total: int
    longer: tuple[tuple[str, int], ...] = ()  # key, how many in all: their further pages are asked for by the key


def rubrics_of(documents: Iterable[Document], counts: Mapping[str, int] | None = None) -> list[Rubric]:
    """The rubrics in the order of their newest document; *counts* by category where not all documents are given."""
    found: dict[str, list[Document]] = {}
    for document in documents:
        found.setdefault(document.rubric, []).append(document)
    return [_rubric(name, each, counts or {}) for name, each in found.items()]


def _rubric(name: str, listed: list[Document], counts: Mapping[str, int]) -> Rubric:
    shown = Counter(one.category for one in listed)
    all_of = {key: max(number, counts.get(key, 0)) for key, number in shown.items()}
    longer = tuple((key, number) for key, number in all_of.items() if number > shown[key])
    return Rubric(name, tuple(listed), sum(all_of.values()), longer)


def depositor_of(document: Document) -> str:
    """Who deposited it (S43), the kind before the name of its system; the employer's own deposits are all theirs."""
    if document.depositor == "employer":
        return _("Vous")
    kinds = {
        "funder": _("Transitions Pro"),
        "training_provider": _("Organisme de formation"),
        "beneficiary": _("Bénéficiaire"),
    }
    kind, name = kinds[document.depositor], document.depositor_name
    return name if name.startswith(kind) else _("%(kind)s (%(name)s)") % {"kind": kind, "name": name}


def place_of(document: Document, only_in_dossier: bool) -> str:
    """Where the document is found (S42): the tab, its dossier there, or « Mes dossiers » for what is nowhere else."""
    if not document.dossier_number:
        return "/documents"
    return ("/dossiers/" if only_in_dossier else "/documents/dossiers/") + quote(document.dossier_number, safe="")


def state_of(document: Document) -> str:
    """The word of its state: what a scan still forbids comes first."""
    if document.scan != "available":
        return "blocked" if document.scan == "blocked" else "scanning"
    return document.handling if document.depositor == "employer" else ""
