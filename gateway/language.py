"""The words of the screens: one gettext catalogue, read at start; the sources hold plain French, the catalogue its typography.

Sources use ordinary spaces and the French text as message id, so that a template can be read; the
catalogue `translations/fr` carries what is shown, with its no-break spaces. Another language is
another folder beside it.
"""

import io
from functools import lru_cache
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import Translations

FOLDER = Path(__file__).parent / "translations"
LANGUAGE = "fr"


def catalogue_file(language: str = LANGUAGE) -> Path:
    """Where the words of *language* are."""
    return FOLDER / language / "LC_MESSAGES" / "messages.po"


@lru_cache
def translations(language: str = LANGUAGE) -> Translations:
    """The catalogue, compiled in memory: no compiled file can then be stale."""
    with catalogue_file(language).open("rb") as source:
        catalogue = read_po(source, locale=language)
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return Translations(compiled)


def gettext(message: str) -> str:
    """The text shown for *message*."""
    return translations().gettext(message)


def ngettext(singular: str, plural: str, count: int) -> str:
    """The text shown for *count* things; in French zero is singular."""
    return translations().ngettext(singular, plural, count)


_ = gettext
