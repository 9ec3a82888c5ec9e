"""The canned answers by one short name, for the tests of this folder."""

from tests.doubles.bus import FakeBus
from tests.doubles.documents import CATEGORIES, DOSSIERS, GENERAL, document, dossier
from tests.doubles.facts import AUDREY, DUPUIS, FUNDER, NOW, NURSE, SIRET, SPACE, THEO, WORKS, span
from tests.doubles.identity import session
from tests.doubles.payments import GUIDE, payment, totals

__all__ = [
    "AUDREY", "CATEGORIES", "DOSSIERS", "DUPUIS", "FUNDER", "GENERAL", "GUIDE", "NOW", "NURSE", "SIRET", "SPACE", "THEO",
    "WORKS", "FakeBus", "document", "dossier", "payment", "session", "span", "totals",
]  # fmt: skip
