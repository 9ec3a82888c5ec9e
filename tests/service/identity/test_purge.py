"""K38: what is over is dropped after a while, the audit log after years; what still counts stays."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from sqlalchemy.exc import ProgrammingError

from services.identity import purge
from services.identity.purge import PAUSE, Purge
from services.identity.usecases import audit
from tests.service.identity.front_desk import NEW_PASSWORD, OWN_IDENTIFIER, OWN_PASSWORD, FrontDesk
from tests.service.identity.post_office import PostOffice

TABLES = ("sessions", "links", "mails", "login_attempts", "spent_challenges", "known_addresses", "audit_log")


def purge_of(desk):
    loop = Purge()
    loop.shared_database = SimpleNamespace(database=desk.database)
    loop.clock = lambda: desk.now
    loop.use(desk.settings)
    return loop


def counts(desk):
    return {name: desk.column(f"select count(*) from {name}")[0] for name in TABLES}  # noqa: S608 - own words


def after_a_reset(desk):
    """Sessions, links, mails that have left, counters and a used challenge."""
    desk.activated()
    desk.forget_password(OWN_IDENTIFIER)
    desk.reset(desk.link("password_reset"))
    with PostOffice() as office:
        mailer = desk.mailer(smtp_port=office.port)
        for _ in desk.mails():
            mailer.run_once()


def test_nothing_goes_before_its_time(desk):
    after_a_reset(desk)
    before = counts(desk)
    assert min(before.values()) > 0
    assert purge_of(desk).run_once() == PAUSE
    assert counts(desk) == before


def test_what_is_over_goes_and_the_audit_log_stays(desk):
    after_a_reset(desk)
    written = counts(desk)["audit_log"]
    desk.later(days=93)
    purge_of(desk).run_once()
    assert counts(desk) == dict.fromkeys(TABLES, 0) | {"audit_log": written}


def test_what_still_counts_stays(desk):
    after_a_reset(desk)
    desk.later(days=93)
    desk.forget_password(OWN_IDENTIFIER)
    purge_of(desk).run_once()
    left = counts(desk)
    assert (left["links"], left["mails"], left["sessions"]) == (1, 1, 0)
    assert left["login_attempts"] > 0
    desk.reset(desk.link("password_reset"), OWN_PASSWORD)


def test_a_round_is_bounded(desk, monkeypatch):
    monkeypatch.setattr(purge, "AT_ONCE", 1)
    after_a_reset(desk)
    desk.later(days=93)
    before = counts(desk)["mails"]
    assert purge_of(desk).run_once() == 1.0
    assert counts(desk)["mails"] == before - 1


def audit_lines(desk):
    return desk.column("select action from audit_log order by id")


def test_old_lines_of_the_audit_log_go_and_a_line_says_so(desk):
    after_a_reset(desk)
    written = len(audit_lines(desk))
    desk.later(days=3 * 365)
    purge_of(desk).run_once()
    assert len(audit_lines(desk)) == written, "not before three years are over"
    desk.log_in(OWN_IDENTIFIER, NEW_PASSWORD)
    desk.later(days=5)
    purge_of(desk).run_once()
    assert audit_lines(desk) == ["login", "audit_lines_purged"]
    (details,) = desk.column("select details from audit_log where action = 'audit_lines_purged'")
    assert details == {"count": written, "before": "2019-08-03T00:00:00+00:00"}
    purge_of(desk).run_once()
    assert audit_lines(desk) == ["login", "audit_lines_purged"]


def test_the_years_of_the_audit_log_are_a_setting(identity_db):
    desk = FrontDesk(identity_db, audit_years=1)
    after_a_reset(desk)
    desk.later(days=368)
    purge_of(desk).run_once()
    assert audit_lines(desk) == ["audit_lines_purged"]


def test_the_database_lets_no_process_drop_or_change_a_recent_line(desk):
    old, recent = desk.now, datetime.now(UTC)
    with desk.database.work() as connection:
        audit.note(connection, "old", at=old)
        audit.note(connection, "recent", at=recent)
        audit.drop_outdated(connection, years=1, at_once=100, now=recent + timedelta(days=1_000))
    assert audit_lines(desk) == ["recent", "audit_lines_purged"]
    for ways_in, statement in (
        (desk.database.transaction, "delete from audit_log"),
        (desk.database.transaction, "update audit_log set action = 'other'"),
        (desk.database.work, "update audit_log set action = 'other'"),
        (desk.database.work, "truncate audit_log"),
    ):
        with pytest.raises(ProgrammingError, match="permission denied"), ways_in() as connection:
            connection.exec_driver_sql(statement)
