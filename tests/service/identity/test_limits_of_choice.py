"""K13: the wizard must tell that an identifier is taken, but not of many."""

import pytest
from espace_contracts.errors import IdentifierTaken, TooManyAttempts

from tests.service.identity.front_desk import BAKERY, OWN_IDENTIFIER


@pytest.fixture
def wizard(desk):
    """The clinic has an identifier; the bakery stands in the wizard."""
    desk.activated()
    credentials = desk.open_provisional(siret=BAKERY, email="four@bakery.example")
    desk.log_in(*credentials, token="bakery")
    return desk


def wish(desk, identifier):
    return desk.personalise(identifier, token="bakery").identifier


def test_k13_looking_for_identifiers_that_exist_is_delayed(wizard):
    for _ in range(6):
        with pytest.raises(IdentifierTaken):
            wish(wizard, OWN_IDENTIFIER)
    with pytest.raises(TooManyAttempts):
        wish(wizard, "fournil")
    assert wizard.audited("identifier_taken") == [False] * 6
    wizard.later(seconds=3)
    assert wish(wizard, "fournil") == "fournil"


def test_a_few_taken_wishes_delay_nobody(wizard):
    for _ in range(5):
        with pytest.raises(IdentifierTaken):
            wish(wizard, OWN_IDENTIFIER.upper())
    assert wish(wizard, "fournil") == "fournil"
