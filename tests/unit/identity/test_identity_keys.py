"""Keys are changed while both are alive: what was sealed or locked before the change still opens (K36)."""

from base64 import b64encode

import pytest
from espace_contracts.errors import InvalidRequest

from chassis.sealing import CannotOpen, new_key_pair, seal
from services.identity.keys import Keys

OLD, NEW = new_key_pair(), new_key_pair()
OLD_MAIL, NEW_MAIL = b64encode(bytes(range(32))).decode(), b64encode(bytes(range(32, 64))).decode()


def keys(*alive: int) -> Keys:
    return Keys(
        private_keys=[(OLD, NEW)[which][0] for which in alive],
        mail_keys=[(OLD_MAIL, NEW_MAIL)[which] for which in alive],
    )


def test_k36_passwords_sealed_for_either_key_open_while_both_are_alive() -> None:
    for public in (OLD[1], NEW[1]):
        assert keys(1, 0).open_password(seal(public, "Hirondelle-27!")) == "Hirondelle-27!"


def test_k36_a_key_that_was_taken_away_opens_nothing() -> None:
    with pytest.raises(InvalidRequest):
        keys(1).open_password(seal(OLD[1], "Hirondelle-27!"))
    with pytest.raises(CannotOpen):
        keys(1).unlock(keys(0).lock({"password": "Hirondelle-27!"}))


def test_k36_a_mail_that_waited_over_the_change_still_tells_its_secret_and_new_ones_are_under_the_new_key() -> None:
    waiting = keys(0).lock({"password": "Hirondelle-27!"})
    both = keys(1, 0)
    assert both.unlock(waiting) == {"password": "Hirondelle-27!"}
    assert keys(1).unlock(both.lock({"password": "Hirondelle-28!"})) == {"password": "Hirondelle-28!"}
    assert both.unlock(None) == {}
