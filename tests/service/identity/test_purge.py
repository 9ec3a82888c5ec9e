"""K38: what is over is dropped after a while; what still counts, and the audit log, stay."""

from types import SimpleNamespace

from services.identity import purge
from services.identity.purge import PAUSE, Purge
from tests.service.identity.front_desk import OWN_IDENTIFIER, OWN_PASSWORD
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
