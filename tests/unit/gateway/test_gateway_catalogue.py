"""One catalogue: complete, current, typographically right; no words outside of it (S55)."""

import re

import pytest
from babel.messages.pofile import read_po

from gateway.catalogue import found_words, typography, updated
from gateway.language import catalogue_file
from gateway.rendering import HERE, environment

TEMPLATES = sorted((HERE / "templates").glob("*.html"))
# What is the same in every language
NO_WORDS = re.compile(r"^(SIRET|OK|[\W\d_]*)$")
ATTRIBUTES = re.compile(r'\b(?:aria-label|title|placeholder|alt|value|content)="([^"{]*[A-Za-zÀ-ÿ]{3}[^"{]*)"')


def test_the_catalogue_is_what_python_m_gateway_catalogue_would_write() -> None:
    assert catalogue_file().read_bytes() == updated()


def test_every_word_has_its_text() -> None:
    with catalogue_file().open("rb") as source:
        shown = {message.id: message.string for message in read_po(source, locale="fr") if message.id}
    for message in found_words():
        if message.id:
            assert shown.get(message.id), message.id


def test_french_signs_stand_behind_a_no_break_space() -> None:
    with catalogue_file().open("rb") as source:
        for message in read_po(source, locale="fr"):
            for text in message.string if isinstance(message.string, tuple) else (message.string,):
                assert message.id == "" or not re.search(r" [:;?!»]|« ", text), text


def test_typography() -> None:
    assert typography("Attendez %(num)d secondes, 200 %%") == "Attendez %(num)d secondes, 200\u00a0%%"
    assert typography("Règlement n° 3 : « oui » ?") == "Règlement n°\u00a03\u00a0: «\u00a0oui\u00a0»\u00a0?"


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_no_template_holds_words_of_its_own(template: object) -> None:
    source = template.read_text()
    source = re.sub(r"\{#.*?#\}", "", source, flags=re.DOTALL)
    for found in ATTRIBUTES.findall(source):
        assert found in ("width=device-width, initial-scale=1", "oui"), found
    text = re.sub(r"\{[{%].*?[%}]\}", " ", source, flags=re.DOTALL)
    for piece in re.findall(r">([^<>]*)<", text):
        assert NO_WORDS.match(piece.strip()), piece.strip()


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_every_template_compiles_and_is_used(template: object) -> None:
    environment({}).get_template(template.name)
    users = [path.read_text() for path in (*HERE.glob("**/*.py"), *TEMPLATES) if path != template]
    assert any(f'"{template.name}"' in text for text in users)
