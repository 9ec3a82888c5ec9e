"""The file of categories is data: it is checked as such."""

import json

import pytest
from pydantic import ValidationError

from services.documents.categories import FILE, CategoryFile, read_file


def test_s37_the_shipped_categories_are_valid_and_complete() -> None:
    keys = [category.key for category in read_file().categories]
    assert keys == [
        "payslip",
        "attendance",
        "contribution_proof",
        "advance_request",
        "invoice",
        "bank_details",
        "agreement",
        "funding_agreement",
        "remittance_advice",
        "completion_certificate",
        "beneficiary_document",
        "letter",
    ]


def test_s51_the_completion_certificate_exists_only_in_the_dossier() -> None:
    assert [category.key for category in read_file().categories if category.dossier_only] == ["completion_certificate"]


def test_s36_an_employer_finds_categories_for_what_it_has_to_send() -> None:
    open_to_employers = {category.key for category in read_file().categories if "employer" in category.depositors}
    assert {"payslip", "contribution_proof", "bank_details", "letter"} <= open_to_employers
    assert not {"remittance_advice", "funding_agreement", "completion_certificate"} & open_to_employers


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"key": "letter"}, "letter: named twice"),
        ({"accepted": [".docm"]}, "payslip: may accept"),
        ({"accepted": []}, "payslip: may accept"),
        ({"max_bytes": 0}, "payslip: accepts no byte"),
        ({"dossier_only": True, "fields": []}, "payslip: exists only in the dossier"),
        ({"fields": [{"name": "payment", "label": "a", "required": True}]}, "payslip: asks employers"),
        ({"depositors": []}, "payslip: needs instructions and depositors"),
        ({"depositors": ["anybody"]}, "depositors"),
        ({"fields": [{"name": "label", "label": "a", "required": True}] * 2}, "payslip: asks twice"),
    ],
)
def test_a_faulty_file_is_refused_with_its_fault(change: dict[str, object], fault: str) -> None:
    document = json.loads(FILE.read_text(encoding="utf-8"))
    document["categories"][0] |= change
    with pytest.raises(ValidationError, match=fault):
        CategoryFile.model_validate(document)
