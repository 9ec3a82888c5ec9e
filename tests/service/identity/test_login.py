"""S4, S15: the session behind credentials, its lifetime, and delays after failures."""

from datetime import timedelta

import pytest
from espace_contracts import identity as api
from espace_contracts.errors import SessionInvalid, TooManyAttempts, WrongCredentials

from chassis.clock import utc_now
from tests.service.identity.front_desk import CLINIC, CONTACT, OWN_IDENTIFIER, OWN_PASSWORD, FrontDesk, hashed


def test_s04_provisional_credentials_open_a_session_that_says_so(desk):
    identifier, password = desk.open_provisional()
    session = desk.log_in(identifier, password)

    assert (session.state, session.policy_accepted, session.siret) == ("provisional", False, CLINIC)
    assert session.contact_email == CONTACT
    assert session.funder.name == "Transitions Pro Grand Est"


def test_s15_the_identifier_ignores_case_and_the_password_does_not(desk):
    identifier, password = desk.open_provisional()

    assert desk.log_in(identifier.lower(), password).identifier == identifier
    with pytest.raises(WrongCredentials):
        desk.log_in(identifier, password.swapcase(), token="other")


@pytest.mark.parametrize("hostile", ["", "x", "' or 1=1 --", "\x00", "\u202egro.live", "é" * 900])
def test_hostile_identifiers_and_passwords_are_simply_wrong(desk, hostile):
    identifier, _ = desk.open_provisional()

    with pytest.raises(WrongCredentials):
        desk.log_in(hostile, "Whatever!")
    with pytest.raises(WrongCredentials):
        desk.log_in(identifier, hostile)


def test_s03_expired_provisional_credentials_open_nothing(desk):
    identifier, password = desk.open_provisional()
    desk.later(days=30)

    with pytest.raises(WrongCredentials):
        desk.log_in(identifier, password)


def test_k16_a_session_ends_by_idleness(desk):
    desk.stand_in_wizard()
    desk.later(minutes=29)
    desk.check()
    desk.later(minutes=29)
    desk.check()
    desk.later(minutes=31)

    with pytest.raises(SessionInvalid):
        desk.check()


def test_k16_a_session_ends_in_any_case_after_twelve_hours(desk):
    opened = desk.now
    desk.stand_in_wizard()
    while (desk.now - opened).total_seconds() < 12 * 3600 - 1500:
        desk.later(minutes=25)
        desk.check()
    desk.later(minutes=25)

    with pytest.raises(SessionInvalid):
        desk.check()


def test_logging_out_ends_the_session_and_says_so(desk):
    desk.stand_in_wizard()
    request = api.SessionToken(token_hash=hashed("first"))
    desk.service.close_session(request)
    desk.service.close_session(request)

    with pytest.raises(SessionInvalid):
        desk.check()
    ended = [data for kind, data in desk.events() if kind == "SessionEnded.v1"]
    assert [data["token_hash"] for data in ended] == [hashed("first")]


def test_a_disabled_account_neither_logs_in_nor_keeps_its_session(desk):
    desk.activated()
    with desk.database.work() as connection:
        connection.exec_driver_sql("update accounts set state = 'disabled'")

    with pytest.raises(SessionInvalid):
        desk.check("second")
    with pytest.raises(WrongCredentials):
        desk.log_in(OWN_IDENTIFIER, OWN_PASSWORD, token="third")


def test_the_session_tells_of_the_login_before(desk):
    desk.activated()
    desk.later(days=1)
    first = desk.log_in(OWN_IDENTIFIER, OWN_PASSWORD, token="third")
    desk.later(days=1)
    second = desk.log_in(OWN_IDENTIFIER, OWN_PASSWORD, token="fourth")

    assert second.last_login_at == first.opened_at


def fail(desk, identifier, times, **where):
    for _ in range(times):
        with pytest.raises(WrongCredentials):
            desk.log_in(identifier, "Wrong-password", **where)


@pytest.mark.parametrize("known", [True, False], ids=["known", "unknown"])
def test_k12_failures_are_delayed_alike_whether_the_identifier_exists_or_not(desk, known):
    identifier = desk.open_provisional()[0] if known else "nobody"
    fail(desk, identifier, 6)

    with pytest.raises(TooManyAttempts) as refusal:
        desk.log_in(identifier, "Wrong-password")
    assert refusal.value.retry_after == 2


def test_k12_the_delay_doubles_ends_and_never_locks_out(desk):
    identifier, password = desk.open_provisional()
    fail(desk, identifier, 6)
    waits = []
    for number in range(12):
        with pytest.raises(TooManyAttempts) as refusal:
            desk.log_in(identifier, password)
        waits.append(refusal.value.retry_after)
        desk.later(seconds=waits[-1])
        fail(desk, identifier, 1, address=f"192.0.2.{100 + number}")

    assert waits[:5] == [2, 4, 8, 16, 32]
    assert max(waits) == waits[-1] == 300
    desk.later(seconds=300)
    assert desk.log_in(identifier, password).state == "provisional"


def test_k12_a_success_starts_the_identifier_afresh(desk):
    identifier, password = desk.open_provisional()
    for round_ in range(3):
        fail(desk, identifier, 4, address=f"192.0.2.{round_}")
        desk.log_in(identifier, password, token=f"round {round_}", address=f"192.0.2.{round_}")


def test_k12_one_address_that_tries_many_identifiers_is_delayed(desk):
    for number in range(21):
        fail(desk, f"nobody{number}", 1, address="198.51.100.1")

    with pytest.raises(TooManyAttempts):
        desk.log_in("nobody-else", "Wrong-password", address="198.51.100.1")
    fail(desk, "nobody-else", 1, address="198.51.100.2")


def test_k12_delays_survive_another_process(desk, identity_db):
    fail(desk, "nobody", 6)

    with pytest.raises(TooManyAttempts):
        FrontDesk(identity_db).log_in("nobody", "Wrong-password")


def test_a_replica_whose_clock_is_behind_is_not_taken_for_impatient(desk, identity_db):
    desk.activated()
    ahead = FrontDesk(identity_db)
    ahead.now = desk.now + timedelta(seconds=20)
    ahead.log_in(OWN_IDENTIFIER, OWN_PASSWORD, token="third")
    fail(ahead, OWN_IDENTIFIER, 1)

    assert desk.log_in(OWN_IDENTIFIER, OWN_PASSWORD, token="fourth").state == "active"


def test_k04_a_login_renews_a_hash_of_other_parameters(desk, identity_db):
    desk.activated()
    (before,) = desk.column("select password_hash from accounts")
    stronger = FrontDesk(identity_db, argon2_rounds=2)
    stronger.log_in(OWN_IDENTIFIER, OWN_PASSWORD, token="third")

    (after,) = desk.column("select password_hash from accounts")
    assert "t=1" in before
    assert "t=2" in after
    assert desk.log_in(OWN_IDENTIFIER, OWN_PASSWORD, token="fourth").state == "active"


def test_k35_successes_and_failures_are_in_the_audit_log(desk):
    identifier, password = desk.open_provisional()
    fail(desk, identifier, 1)
    fail(desk, "nobody", 1)
    desk.log_in(identifier, password)

    assert desk.audited("login") == [False, False, True]


def test_k35_nobody_rewrites_the_audit_log(desk):
    desk.now = utc_now()
    desk.stand_in_wizard()
    for role in (desk.database.transaction, desk.database.work):
        for statement in ("update audit_log set actor = 'x'", "truncate audit_log"):
            with pytest.raises(Exception, match="permission denied"), role() as connection:
                connection.exec_driver_sql(statement)
    with pytest.raises(Exception, match="permission denied"), desk.database.transaction() as connection:
        connection.exec_driver_sql("delete from audit_log")
    with desk.database.work() as connection:  # which drops what is years old (K38)
        assert connection.exec_driver_sql("delete from audit_log").rowcount == 0
    assert desk.audited("login") == [True]
