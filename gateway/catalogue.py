"""`python -m gateway.catalogue`: bring `translations/fr` up to date with the words in templates and modules.

A word that is new gets the source's French with the typography of a book: no-break spaces where French
has them. What somebody has changed in the catalogue stays.
"""

import io
import re
import sys
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from gateway.language import LANGUAGE, catalogue_file

HERE = Path(__file__).parent
METHODS = [("templates/**.html", "jinja2"), ("assets*/**", "ignore"), ("static/**", "ignore"), ("**.py", "python")]
OPTIONS = {"templates/**.html": {"silent": "false", "extensions": "jinja2.ext.i18n"}}
KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2)}
BEFORE_HIGH_SIGNS = re.compile(r"(?<=\S) (?=[:;?!»€]|%(?!\())|^ (?=:)")
AFTER_OPENING = re.compile(r"(«|n°|N°) ")


def typography(text: str) -> str:
    """*text* with French no-break spaces: before : ; ? ! % » and after « and n°."""
    return AFTER_OPENING.sub("\\1\u00a0", BEFORE_HIGH_SIGNS.sub("\u00a0", text))


def found_words() -> Catalog:
    """What templates and modules say, in the order of their names."""
    catalogue = Catalog(locale=LANGUAGE, project="espace-employeur", charset="utf-8", fuzzy=False)
    found = extract_from_dir(HERE, METHODS, OPTIONS, KEYWORDS)
    for file, _line, message, _comments, context in sorted(found, key=lambda one: (one[0], one[1], str(one[2]))):
        catalogue.add(message, locations=[(file, 0)], context=context)
    return catalogue


def _fill(message: Message) -> None:
    if isinstance(message.id, str):
        message.string = message.string or typography(message.id)
    elif not message.string or not all(message.string):
        message.string = tuple(typography(text) for text in message.id)


def updated() -> bytes:
    """The catalogue as it should be, ready to be written."""
    catalogue = found_words()
    file = catalogue_file()
    if file.exists():
        with file.open("rb") as source:
            kept = {message.id: message.string for message in read_po(source, locale=LANGUAGE) if message.id}
    else:
        kept = {}
    for message in catalogue:
        if message.id:
            message.string = kept.get(message.id, message.string)
            _fill(message)
    output = io.BytesIO()
    write_po(output, catalogue, width=0, omit_header=True, include_lineno=False, sort_output=False)
    header = (
        '# The words of the Espace Employeur. Edit msgstr freely; msgid is the text in the sources.\nmsgid ""\nmsgstr ""\n'
        f'"Language: {LANGUAGE}\\n"\n"Content-Type: text/plain; charset=utf-8\\n"\n'
        f'"Content-Transfer-Encoding: 8bit\\n"\n"Plural-Forms: {catalogue.plural_forms}\\n"\n\n'
    )
    return header.encode() + output.getvalue()


def main() -> None:
    """Write it."""
    file = catalogue_file()
    file.parent.mkdir(parents=True, exist_ok=True)
    text = updated()
    file.write_bytes(text)
    sys.stdout.write(f"{text.count(b'msgid ') - 1} messages in {file.name}\n")


if __name__ == "__main__":
    main()
