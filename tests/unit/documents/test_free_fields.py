"""Fields of a category's own: what may stand in them, and in which form it is kept (S39)."""

import pytest
from espace_contracts.documents import Category, FreeField
from espace_contracts.errors import InvalidRequest

from services.documents.categories import read_file
from services.documents.free_fields import read_details

INVOICE = next(category for category in read_file().categories if category.key == "invoice")
FIELDS = (
    FreeField(key="who", label="Signataire", type="text", required=True),
    FreeField(key="hours", label="Heures", type="number", required=False),
    FreeField(key="amount", label="Montant", type="amount", required=False),
    FreeField(key="day", label="Date", type="date", required=False),
    FreeField(key="body", label="Organisme", type="choice", required=False, choices=("Urssaf", "MSA")),
)
CATEGORY: Category = INVOICE.model_copy(update={"free_fields": FIELDS})


def test_s39_what_is_given_is_kept_in_one_form_with_its_label_and_type() -> None:
    given = {"day": "2019-12-11", "who": "  Camille \u00a0 Roy ", "amount": "2764.9", "hours": "3.50", "body": "MSA"}
    assert read_details(CATEGORY, given) == [
        {"key": "who", "label": "Signataire", "type": "text", "value": "Camille Roy"},
        {"key": "hours", "label": "Heures", "type": "number", "value": "3.50"},
        {"key": "amount", "label": "Montant", "type": "amount", "value": "2764.90"},
        {"key": "day", "label": "Date", "type": "date", "value": "2019-12-11"},
        {"key": "body", "label": "Organisme", "type": "choice", "value": "MSA"},
    ]
    assert [each["key"] for each in read_details(CATEGORY, {"who": "Roy"})] == ["who"]


@pytest.mark.parametrize(
    ("given", "faulty"),
    [
        ({}, "details.who"),
        ({"who": "Roy", "colour": "red"}, "details.colour"),
        ({"who": "Roy", "hours": "three"}, "details.hours"),
        ({"who": "Roy", "hours": "1e5"}, "details.hours"),
        ({"who": "Roy", "amount": "2 764,94"}, "details.amount"),
        ({"who": "Roy", "amount": "1.999"}, "details.amount"),
        ({"who": "Roy", "amount": "١٢"}, "details.amount"),
        ({"who": "Roy", "day": "11/12/2019"}, "details.day"),
        ({"who": "Roy", "day": "2019-02-30"}, "details.day"),
        ({"who": "Roy", "body": "urssaf"}, "details.body"),
    ],
)
def test_s39_what_is_missing_unknown_or_of_another_type_is_named(given: dict[str, str], faulty: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        read_details(CATEGORY, given)
    assert refused.value.fields == (faulty,)


def test_s39_the_shipped_invoice_asks_for_its_number_and_date() -> None:
    with pytest.raises(InvalidRequest) as refused:
        read_details(INVOICE, {"amount": "12.00"})
    assert refused.value.fields == ("details.invoice_number", "details.invoice_date")
