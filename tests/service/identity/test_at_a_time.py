"""K9, K12: many requests at a time come to what they would come to one after the other."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from espace_contracts.errors import LinkInvalid, TooManyAttempts, WrongCredentials
from sqlalchemy import event

from services.identity.store import links
from tests.service.identity.front_desk import OWN_IDENTIFIER, hashed


def test_k09_of_many_confirmations_at_a_time_exactly_one_succeeds(desk):
    link = desk.chosen()

    def attempt(number):
        try:
            return desk.confirm(link, token=f"parallel {number}").state
        except LinkInvalid:
            return "refused"

    with ThreadPoolExecutor(12) as pool:
        outcomes = list(pool.map(attempt, range(100)))
    assert sorted(set(outcomes)) == ["active", "refused"]
    assert outcomes.count("active") == 1
    assert desk.event_types().count("IdentifierChangeConfirmed.v1") == 1


def test_k09_the_link_itself_is_used_up_by_one_of_many(desk):
    token_hash = hashed(desk.chosen())

    def use(_):
        with desk.database.transaction() as connection:
            return links.consume(connection, token_hash, purpose="confirm_identifier", now=desk.now)

    with ThreadPoolExecutor(12) as pool:
        assert sum(pool.map(use, range(100))) == 1


def test_k12_guesses_at_a_time_behind_a_link_are_counted_like_guesses_in_a_row(desk):
    link = desk.chosen()
    event.listen(desk.database._app, "checkin", lambda *_: time.sleep(0.02))

    def attempt(_):
        with pytest.raises((WrongCredentials, TooManyAttempts)) as refusal:
            desk.confirm(link, "Wrong-password")
        return refusal.type is WrongCredentials

    with ThreadPoolExecutor(12) as pool:
        assert sum(pool.map(attempt, range(24))) == 6


def test_k09_of_many_resets_at_a_time_exactly_one_succeeds(desk):
    desk.activated()
    desk.forget_password(OWN_IDENTIFIER)
    reset_link = desk.link("password_reset")

    def attempt(_):
        try:
            desk.reset(reset_link)
        except LinkInvalid:
            return False
        return True

    with ThreadPoolExecutor(12) as pool:
        assert sum(pool.map(attempt, range(100))) == 1
