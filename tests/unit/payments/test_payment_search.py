"""S30: what the box « N° dossier / N° règlement » understands."""

from datetime import date
from decimal import Decimal

import pytest
from espace_contracts.errors import InvalidRequest
from espace_contracts.payments import PaymentSearch
from hypothesis import given
from hypothesis import strategies as st

from services.payments.search import amounts, beneficiary_key, name_words, number_key, read_box, read_search


@pytest.mark.parametrize(
    "typed", ["803455", "n°803455", "N° 803455", "N°\u202f803455", "nº803455", "№ 803455", "no 803455", "n. 803455"]
)
def test_s30_a_payment_number_is_read_with_and_without_its_sign(typed):
    assert "803455" in read_box(typed).numbers


@pytest.mark.parametrize("typed", ["Règlement n°803455", "reglement 803455", "règlement n° 803 455"])
def test_s30_the_sentence_of_the_screen_can_be_pasted(typed):
    assert "803455" in read_box(typed).numbers


@pytest.mark.parametrize(
    "typed", ["19ge00565", " 19GE 00565 ", "19 GE\u00a000565", "19GE\u202f00565", "19GE\u200b00565"]
)
def test_s30_a_dossier_ignores_case_and_all_kinds_of_spaces(typed):
    assert read_box(typed).numbers == ("19ge00565",)


@pytest.mark.parametrize("typed", ["nora", "Noël", "NON", "Nadia"])
def test_s30_a_name_that_begins_like_a_number_sign_stays_whole(typed):
    assert read_box(typed).numbers == (number_key(typed),)


@pytest.mark.parametrize("typed", ["", " ", "\u00a0\u202f", "\x00", "\u200b"])
def test_s30_nothing_typed_is_no_criterion(typed):
    assert read_search(PaymentSearch(text=typed)).box is None


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("2 764,94", "2764.94"),
        ("2\u202f764,94\u00a0€", "2764.94"),
        ("2764.94", "2764.94"),
        ("2.764,94", "2764.94"),
        ("2764,9 EUR", "2764.9"),
        ("2764", "2764"),
    ],
)
def test_s30_an_amount_is_read_as_people_write_it(typed, expected):
    assert read_box(typed).amounts == (Decimal(expected), -Decimal(expected))


@pytest.mark.parametrize("typed", ["-102,30", "− 102,30", "–102.30 €"])
def test_s30_a_signed_amount_finds_only_that_sign(typed):
    assert read_box(typed).amounts == (Decimal("-102.30"),)


@pytest.mark.parametrize("typed", ["2,764,94", "1234567890123", "12,345", "1e9", "--1", "€", "19GE00565", "1.2.3"])
def test_s30_what_is_no_amount_is_not_taken_for_one(typed):
    assert amounts(number_key(typed)) == ()


def test_s30_names_lose_accents_case_and_punctuation():
    assert name_words("MARTIN-LÉVÊQUE") == ("martin", "leveque")
    assert name_words("D'Almeida Zoé") == ("d", "almeida", "zoe")
    assert name_words("Cœur Øster Łucja Straße") == ("coeur", "oster", "lucja", "strasse")
    assert beneficiary_key("MARTIN-LÉVÊQUE", "Audrey") == " martin leveque audrey"


def test_s30_wildcards_and_sql_are_only_characters():
    box = read_box("100%_\\'; DROP TABLE payments; --")
    assert box.numbers == ("100%_\\';droptablepayments;--",)
    assert (box.amounts, box.words) == ((), ())


@given(st.text(max_size=200))
def test_s30_any_text_is_read_without_an_error_and_can_be_sent_to_the_database(typed):
    box = read_box(typed)
    if box is not None:
        for part in (*box.numbers, box.transfer, *box.words):
            assert part
            assert "\x00" not in part
            part.encode()


@given(st.text("".join(map(chr, range(32, 127))) + "éèàçÉœ°/\u00a0\u202f", max_size=40))
def test_s30_a_number_finds_itself_in_any_case_and_spacing(number):
    spaced = "\u00a0".join(number)
    assert number_key(spaced) == number_key(number) == number_key(number_key(number))


@pytest.mark.parametrize("name", ["paid", "worked"])
def test_s30_a_period_that_ends_before_it_starts_is_refused(name):
    backwards = {f"{name}_from": date(2019, 12, 2), f"{name}_to": date(2019, 12, 1)}
    with pytest.raises(InvalidRequest) as refused:
        read_search(PaymentSearch(**backwards))
    assert refused.value.fields == (f"search.{name}_to",)
