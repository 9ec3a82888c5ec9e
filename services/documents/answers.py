"""Rows of the database as the answers of the contracts."""

from collections.abc import Iterable, Mapping
from typing import Any

from espace_contracts import documents as api
from espace_contracts.types import Funder, Period, Person
from sqlalchemy import Row

from services.documents.domain import RESTORABLE, Depositor, is_own


def document(
    row: Row[Any], categories: Mapping[str, api.Category], *, viewer: Depositor, changes: Iterable[Row[Any]] = ()
) -> api.Document:
    """A document as *viewer* sees it."""
    category = categories[row.category]
    own = is_own(viewer, depositor_kind=row.depositor_kind, depositor_name=row.depositor_name)
    return api.Document(
        document_id=row.id,
        version=row.version,
        category=row.category,
        rubric=category.rubric,
        title=row.label or category.label,
        file_name=row.file_name,
        media_type=row.media_type,
        size=row.size,
        sha256=row.sha256,
        estimated=row.drawn_from is not None and row.drawn_at is None,
        depositor=row.depositor_kind,
        depositor_name=row.depositor_name,
        deposited_at=row.deposited_at,
        dossier_number=row.dossier_number,
        payment_number=row.payment_number,
        beneficiary=_beneficiary(row),
        label=row.label,
        period=_period(row),
        details=tuple(api.Detail.model_validate(detail) for detail in row.details),
        scan=row.scan,
        handling=row.handling,
        reason=row.reason,
        changeable=own and row.handling != "accepted" and row.deleted_at is None,
        changes=tuple(_change(each) for each in changes),
        restorable_until=row.deleted_at + RESTORABLE if row.deleted_at else None,
    )


def _change(row: Row[Any]) -> api.DocumentChange:
    return api.DocumentChange(
        change=row.change, version=row.version, by_kind=row.changer_kind, by_name=row.changer_name, at=row.changed_at
    )


def dossier(row: Row[Any]) -> api.Dossier:
    """A dossier with its counts."""
    return api.Dossier(
        dossier_number=row.dossier_number,
        beneficiary=Person(last_name=row.beneficiary_last_name, first_name=row.beneficiary_first_name),
        training_title=row.training_title,
        training_provider=row.training_provider,
        period=Period(start=row.period_start, end=row.period_end),
        funder=Funder.model_validate(row.funder) if row.funder else None,
        document_count=row.document_count,
        to_correct_count=row.to_correct_count,
    )


def _beneficiary(row: Row[Any]) -> Person | None:
    if row.beneficiary_last_name is None:
        return None
    return Person(last_name=row.beneficiary_last_name, first_name=row.beneficiary_first_name)


def _period(row: Row[Any]) -> Period | None:
    return Period(start=row.period_start, end=row.period_end) if row.period_start else None
