"""The pure rules of documents."""

import unicodedata
from uuid import UUID

import pytest
from espace_contracts.documents import BeginDeposit, Category
from espace_contracts.errors import FileRefused, InvalidRequest, NotAllowed
from espace_contracts.types import Actor
from hypothesis import given
from hypothesis import strategies as st

from services.documents import domain
from services.documents.categories import read_file

CATEGORIES = {category.key: category for category in read_file().categories}
ACTOR = Actor(account_id=UUID(int=1), name="Camille Roy")


def announced(category: str, **members: object) -> BeginDeposit:
    """A deposit of a PDF in this category."""
    basics = {"siret": "73282932000074", "category": category, "file_name": "a.pdf", "size": 10, "sha256": "0" * 64}
    return BeginDeposit.model_validate(basics | members)


@given(st.text(max_size=400))
def test_k26_a_shown_file_name_is_short_visible_and_has_no_path(raw: str) -> None:
    name = domain.display_name(raw)
    assert 1 <= len(name) <= 150
    assert "/" not in name
    assert "\\" not in name
    assert not any(unicodedata.category(char) in {"Cc", "Cf", "Cs", "Zl", "Zp"} for char in name)
    assert name == unicodedata.normalize("NFC", name)
    assert domain.display_name(name) == name


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("bulletin.pdf", "bulletin.pdf"),
        ("C:\\fakepath\\Bulletin de paie.pdf", "Bulletin de paie.pdf"),
        ("../../etc/passwd", "passwd"),
        ("e\u0301te\u0301.pdf", "été.pdf"),
        ("facture\u202efdp.exe", "facturefdp.exe"),
        ("a\r\nSet-Cookie: x.pdf", "a Set-Cookie: x.pdf"),
        ("x" * 300 + ".pdf", "x" * 146 + ".pdf"),
        (".pdf", "pdf"),
        ("\u200b", "document"),
    ],
)
def test_k26_hostile_and_long_names(raw: str, shown: str) -> None:
    assert domain.display_name(raw) == shown


@given(st.text(alphabet="aàâbcçdeéèêëiîïoôuùûœæ'- ", max_size=30))
def test_s45_names_are_compared_without_case_and_accents(name: str) -> None:
    bare = "".join(char for char in unicodedata.normalize("NFD", name) if not unicodedata.combining(char))
    assert domain.name_key(name) == domain.name_key(name.upper()) == domain.name_key(bare)


def test_s45_ligatures_hyphens_and_no_break_spaces_are_no_obstacle() -> None:
    assert domain.search_words("Lœtitia\u00a0D’ALMEIDA-PÉREZ") == ["loetitia", "d", "almeida", "perez"]
    assert domain.number_key("19 ge\u202f00565") == domain.number_key("19GE00565")


def test_s39_a_category_gets_the_fields_that_it_asks_for() -> None:
    period = {"start": "2019-11-01", "end": "2019-11-30"}
    payslip = announced("payslip", dossier_number="19GE00565", period=period)
    domain.check_described(CATEGORIES["payslip"], payslip, depositor_kind="employer")
    with pytest.raises(InvalidRequest) as refusal:
        domain.check_described(CATEGORIES["payslip"], announced("payslip"), depositor_kind="employer")
    assert refusal.value.fields == ("dossier_number", "period")


def test_s39_a_field_that_the_category_does_not_know_is_not_dropped_in_silence() -> None:
    request = announced("bank_details", dossier_number="19GE00565")
    with pytest.raises(InvalidRequest) as refusal:
        domain.check_described(CATEGORIES["bank_details"], request, depositor_kind="employer")
    assert refusal.value.fields == ("dossier_number",)


def test_s43_a_category_is_open_to_its_depositors_only() -> None:
    request = announced("remittance_advice", payment_number="806113")
    domain.check_described(CATEGORIES["remittance_advice"], request, depositor_kind="funder")
    with pytest.raises(NotAllowed):
        domain.check_described(CATEGORIES["remittance_advice"], request, depositor_kind="employer")


@pytest.mark.parametrize(
    ("file_name", "size", "reason"),
    [
        ("a.pdf", 0, "empty"),
        ("a.pdf", 20_971_521, "too_large"),
        ("a.docm", 10, "wrong_type"),
        ("a", 10, "wrong_type"),
        ("a.pdf.exe", 10, "wrong_type"),
    ],
)
def test_k21_a_file_is_refused_before_its_bytes_come(file_name: str, size: int, reason: str) -> None:
    with pytest.raises(FileRefused) as refusal:
        domain.check_announced(CATEGORIES["payslip"], file_name=file_name, size=size)
    assert refusal.value.fields == (reason,)


def test_k21_the_limit_itself_is_accepted_and_the_ending_may_be_in_capitals() -> None:
    category: Category = CATEGORIES["payslip"]
    assert domain.check_announced(category, file_name="SCAN.PDF", size=category.max_bytes) == ".pdf"


def test_s43_the_depositor_comes_from_the_broker_user() -> None:
    assert domain.depositor_of("gateway", "gateway", ACTOR) == domain.Depositor("employer", "Camille Roy", UUID(int=1))
    assert domain.depositor_of("funder", "funder.demo", None) == domain.Depositor("funder", "demo")
    with pytest.raises(InvalidRequest):
        domain.depositor_of("gateway", "gateway", None)
    with pytest.raises(InvalidRequest):
        domain.depositor_of("training_provider", "training_provider.x", ACTOR)


def test_s50_only_own_deposits_are_own() -> None:
    employer = domain.viewer_of("gateway", "gateway")
    provider = domain.viewer_of("training_provider", "training_provider.a")
    assert domain.is_own(employer, depositor_kind="employer", depositor_name="Somebody of the employer")
    assert not domain.is_own(employer, depositor_kind="funder", depositor_name="demo")
    assert domain.is_own(provider, depositor_kind="training_provider", depositor_name="a")
    assert not domain.is_own(provider, depositor_kind="training_provider", depositor_name="b")
    assert not domain.is_own(provider, depositor_kind="employer", depositor_name="a")
