"""An advice is drawn whatever its payment says: letters without a font become boxes (S34)."""

import io

import pdfua
import pytest
from espace_contracts.samples import event_sample
from pypdf import PdfReader

from services.documents.advice import AdviceFacts, draw


def facts(**changes):
    known = event_sample("PaymentRecorded.v1")["data"]
    del known["version"]
    return AdviceFacts.model_validate(known | changes)


def words(content):
    (page,) = PdfReader(io.BytesIO(content), strict=True).pages
    return page.extract_text().replace("\u00a0", " ").replace("\u202f", " ")


@pytest.mark.parametrize(
    ("title", "shown"),
    [
        ("SOUDEUR 😀 €", "SOUDEUR □ €"),
        ("漢字 SOUDEUR", "□□ SOUDEUR"),
        ("Œuvres d’art – Ж Ω", "Œuvres d’art – Ж Ω"),
    ],
)
def test_s34_a_letter_that_no_font_has_is_a_box_and_all_others_stay(title, shown, tmp_path):
    content = draw(facts(training_title=title))
    assert shown in words(content)
    assert "2 764,94 €" in words(content)
    file = tmp_path / "advice.pdf"
    file.write_bytes(content)
    assert not pdfua.validate(str(file)).findings


@pytest.mark.parametrize(
    "title",
    [
        "👩‍👩‍👧 ❤️ 🇫🇷 1️⃣",
        "العربية لغة",
        "हिन्दी क्षत्रिय",
        "e\u0301\u0323\u0338 \ue000 \U000f0000",
        "W" * 200,
        "x" * 100 + "ß" * 100,
    ],
    ids=["joined emojis", "arabic", "devanagari", "marks and private letters", "one long word", "another"],
)
def test_s34_hostile_labels_have_an_advice_of_one_page(title):
    text = words(draw(facts(training_title=title, beneficiary={"last_name": title, "first_name": title})))
    assert "2 764,94 €" in text
    assert max(len(line.replace("\u200b", "")) for line in text.splitlines()) < 70, "something runs off the page"
