"""K12: while many logins fail everywhere, unknown addresses solve the robot box; nobody is locked out."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from espace_contracts.errors import RobotRequired, TooManyAttempts, WrongCredentials

from tests.service.identity.front_desk import NEW_PASSWORD, OWN_IDENTIFIER, OWN_PASSWORD, FrontDesk

KNOWN, STRANGE = "192.0.2.7", "198.51.100.9"


@pytest.fixture
def desk(identity_db):
    return FrontDesk(identity_db, storm_failures=8)


def guess(desk, number):
    """A guess from a botnet: no address and no identifier comes twice."""
    address = f"203.0.113.{number}"
    with pytest.raises((WrongCredentials, RobotRequired)):
        desk.log_in(f"somebody {number}", "Wrong-password", token=f"guess {number}", address=address)


def storm(desk, failures=8):
    for number in range(failures):
        guess(desk, number)


def enter(desk, address=STRANGE, *, identifier=OWN_IDENTIFIER, **more):
    return desk.log_in(identifier, OWN_PASSWORD, address=address, **{"token": "third"} | more)


def test_a_strange_address_needs_the_box_and_a_known_one_does_not(desk):
    desk.activated()
    storm(desk)
    with pytest.raises(RobotRequired):
        enter(desk)
    assert enter(desk, KNOWN).state == "active"
    assert enter(desk, token="fourth", solved=desk.solved()).state == "active"
    assert enter(desk, token="fifth").state == "active"  # the address is known now


def test_one_failure_less_hinders_nobody(desk):
    desk.activated()
    storm(desk, failures=7)
    assert enter(desk).state == "active"


def test_k13_the_box_is_asked_of_known_and_unknown_identifiers_alike(desk):
    desk.activated()
    storm(desk)
    for identifier in (OWN_IDENTIFIER, "nobody"):
        with pytest.raises(RobotRequired):
            enter(desk, identifier=identifier)


def test_what_is_refused_for_the_box_is_no_attempt(desk):
    desk.activated()
    storm(desk)
    before = len(desk.audited("login"))
    for _ in range(10):
        with pytest.raises(RobotRequired):
            enter(desk)
    assert len(desk.audited("login")) == before
    assert enter(desk, solved=desk.solved()).state == "active"


def test_k14_a_challenge_serves_one_attempt(desk):
    desk.activated()
    storm(desk)
    same = desk.solved()
    with pytest.raises(WrongCredentials):
        desk.log_in(OWN_IDENTIFIER, "Wrong-password", token="third", address=STRANGE, solved=same)
    with pytest.raises(RobotRequired):
        enter(desk, solved=same)


def test_solving_the_box_frees_from_no_other_delay(desk):
    desk.activated()
    storm(desk)
    for number in range(6):
        with pytest.raises(WrongCredentials):
            desk.log_in(OWN_IDENTIFIER, "Wrong-password", token=f"{number}", address=STRANGE, solved=desk.solved())
    with pytest.raises(TooManyAttempts):
        enter(desk, solved=desk.solved())


def test_it_passes_by_itself(desk):
    desk.activated()
    storm(desk)
    desk.later(minutes=9)
    with pytest.raises(RobotRequired):
        enter(desk)
    desk.later(minutes=1)
    assert enter(desk).state == "active"


def test_s18_who_has_no_script_comes_in_by_a_mailed_code(desk):
    desk.activated()
    storm(desk)
    desk.forget_password(OWN_IDENTIFIER, address=STRANGE)
    link = desk.link("password_reset")
    desk.reset(link, code=desk.send_code(link), address=STRANGE)
    assert desk.log_in(OWN_IDENTIFIER, NEW_PASSWORD, token="third", address=STRANGE).state == "active"


def test_an_address_is_forgotten_after_90_days(desk):
    desk.activated()
    desk.later(days=90, minutes=1)
    storm(desk)
    with pytest.raises(RobotRequired):
        enter(desk, KNOWN)


def test_guesses_at_a_time_are_all_counted(desk):
    desk.activated()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: guess(desk, number), range(8)))
    with pytest.raises(RobotRequired):
        enter(desk)
