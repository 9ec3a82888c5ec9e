"""Who and when: what the canned answers of all services share."""

from datetime import UTC, date, datetime
from uuid import UUID

from espace_contracts.types import Funder, Period, Person

SIRET = "73282932000074"
SPACE = UUID("0d5b9a4e-3f0e-4a38-9f4e-9f2f0a3c2b11")
NOW = datetime(2019, 12, 12, 8, 8, tzinfo=UTC)
LATER = datetime(2099, 12, 12, 8, 8, tzinfo=UTC)
FUNDER = Funder(name="Transitions Pro Grand Est", email="contact@transitionspro-ge.example", phone="+33 3 00 00 00 00")
AUDREY = Person(last_name="MARTIN", first_name="Audrey")
THEO = Person(last_name="NGUYEN", first_name="Théo")
DUPUIS = Person(last_name="DUPUIS", first_name="Audrey")
NURSE, WORKS = "INFIRMIER BLOC OPERATOIRE", "CONDUCTEUR DE TRAVAUX BTP"


def span(start: str, end: str) -> Period:
    """A period out of two ISO dates."""
    return Period(start=date.fromisoformat(start), end=date.fromisoformat(end))
