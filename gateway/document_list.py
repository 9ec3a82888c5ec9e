"""Documents as their lists show them: under their rubrics (S53), each with who deposited it and what became of it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from espace_contracts.documents import Document

from gateway.language import gettext as _


@dataclass(frozen=True)
class Rubric:
    """A rubric and its documents, newest first."""

    name: str
    documents: tuple[Document, ...]


def rubrics_of(documents: Iterable[Document]) -> list[Rubric]:
    """The rubrics in the order of their newest document."""
    found: dict[str, list[Document]] = {}
    for document in documents:
        found.setdefault(document.rubric, []).append(document)
    return [Rubric(name, tuple(listed)) for name, listed in found.items()]


def depositor_of(document: Document) -> str:
    """Who deposited it (S43); the employer's own deposits are theirs, whoever of them it was."""
    return _("Vous") if document.depositor == "employer" else document.depositor_name


def state_of(document: Document) -> str:
    """The word of its state: what a scan still forbids comes first."""
    if document.scan != "available":
        return "blocked" if document.scan == "blocked" else "scanning"
    return document.handling if document.depositor == "employer" else ""


REASONS: Mapping[str, int] = {"empty": 422, "unreadable": 422, "too_large": 413, "wrong_type": 415}
