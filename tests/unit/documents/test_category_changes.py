"""An operator sees what a file of categories would change before it does."""

from services.documents.categories import read_file
from services.documents.category_changes import Held, differences, orphans

SHIPPED = read_file().categories
TODAY = {category.key: category for category in SHIPPED}
LETTER, PAYSLIP = TODAY["letter"], TODAY["payslip"]


def test_the_same_file_changes_nothing() -> None:
    assert differences(TODAY, frozenset(), SHIPPED, {}) == []


def test_each_change_is_told_with_what_stood_before() -> None:
    mileage = PAYSLIP.model_copy(update={"key": "mileage", "label": "Frais kilométriques"})
    renamed = LETTER.model_copy(update={"label": "Lettre", "retention_months": 12})
    tomorrow = (*(one for one in SHIPPED if one.key not in ("payslip", "letter")), renamed, mileage)
    found = differences(TODAY, frozenset(), tomorrow, {"payslip": Held(documents=3)})
    lines = "\n".join(line for each in found for line in each.lines())
    assert {each.key: each.kind for each in found} == {"letter": "changed", "mileage": "new", "payslip": "retired"}
    assert "label: Courrier → Lettre" in lines
    assert "retention_months: 36 → 12" in lines
    assert "3 documents stay under « Bulletins de paie »" in lines


def test_a_category_comes_back_and_a_new_order_is_a_change() -> None:
    assert [each.kind for each in differences(TODAY, frozenset({"payslip"}), SHIPPED, {})] == ["back"]
    assert [each.kind for each in differences(TODAY, frozenset(), SHIPPED[::-1], {})] == ["moved"]


def test_s51_documents_without_dossier_never_get_into_a_category_of_the_dossier_only() -> None:
    hidden = PAYSLIP.model_copy(update={"dossier_only": True})
    assert orphans((hidden,), {"payslip": Held(documents=3)}) == []
    (fault,) = orphans((hidden,), {"payslip": Held(documents=3, without_dossier=2)})
    assert "2 documents have none" in fault
