"""« Told when money comes »: one mail a day on what came in, whatever is repeated, reordered, corrected or late."""

import threading
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from espace_contracts import identity as api
from espace_contracts import payments
from espace_contracts.errors import SessionInvalid
from espace_contracts.samples import event_sample

from services.identity.daily_payments import DailyPayments
from services.identity.usecases import daily_payments
from tests.service.identity.front_desk import BAKERY, CLINIC, CONTACT, OWN_IDENTIFIER, SECOND, hashed
from tests.service.identity.post_office import PostOffice
from tests.service.identity.test_mailer import html_of, send_all, text_of
from tests.service.identity.test_purge import purge_of

MORNING = datetime(2019, 12, 11, 8, 0, tzinfo=UTC)
SIX = datetime(2019, 12, 11, 17, 0, tzinfo=UTC)  # 18:00 in Paris, in winter


@pytest.fixture
def open_desk(desk):
    """A desk whose employer is active, on the morning of the guide's last payment."""
    desk.activated()
    desk.accept()
    desk.now = MORNING
    return desk


def recorded(desk, number="806112", **changes):
    """Hand over what payments tell of one payment."""
    data = event_sample(payments.PaymentRecorded.type)["data"]
    event_id = changes.pop("event_id", None)
    desk.receive(
        lambda event: desk.service.note_payments([event]),
        data | {"siret": CLINIC, "payment_number": number} | changes,
        event_id=event_id,
        event_class=payments.PaymentRecorded,
    )


def loop_of(desk):
    loop = DailyPayments()
    loop.shared_database = SimpleNamespace(database=desk.database)
    loop.clock = lambda: desk.now
    loop.use(desk.settings)
    return loop


def run(desk, *, at=SIX):
    """Let the loop do all it has to do at that time; the facts of the mails so far."""
    desk.now = max(desk.now, at)
    loop = loop_of(desk)
    while loop.run_once() == 0.0:
        pass
    return told(desk)


def told(desk, siret=CLINIC):
    return [mail.facts for mail in desk.mails("payments_received", siret=siret)]


def sums(facts):
    return facts["count"], facts["amount"], facts["hours"]


def test_one_mail_at_six_says_dossiers_amounts_and_hours(open_desk):
    recorded(open_desk)
    recorded(open_desk, "806113", dossier_number="19XX00565")
    assert run(open_desk, at=datetime(2019, 12, 11, 16, 59, tzinfo=UTC)) == []
    (facts,) = run(open_desk)
    assert sums(facts) == (2, "5529.88", "303.34")
    assert [line["dossier_number"] for line in facts["lines"]] == ["19GE00565", "19XX00565"]
    open_desk.later(days=1)
    assert len(run(open_desk)) == 1
    (mail,) = open_desk.mails("payments_received")
    assert mail.recipient == CONTACT


def test_repeated_events_are_told_of_once(open_desk):
    for _ in range(3):
        recorded(open_desk)
    recorded(open_desk, event_id="the-same")
    recorded(open_desk, event_id="the-same")
    assert [sums(facts) for facts in run(open_desk)] == [(1, "2764.94", "151.67")]
    recorded(open_desk)
    open_desk.later(days=1)
    assert len(run(open_desk)) == 1


@pytest.mark.parametrize("order", [(1, 2), (2, 1)])
def test_the_newest_version_counts_in_whatever_order_it_comes(open_desk, order):
    amounts = {1: "2764.94", 2: "2700.00"}
    for version in order:
        recorded(open_desk, version=version, amount=amounts[version])
    assert [sums(facts)[1] for facts in run(open_desk)] == ["2700.00"]


@pytest.mark.parametrize("order", [(1, 2), (2, 1)])
def test_what_is_cancelled_before_six_is_not_told_of(open_desk, order):
    for version in order:
        recorded(open_desk, version=version, state="cancelled" if version == 2 else "current")
    assert run(open_desk) == []


def test_a_correction_of_what_was_told_is_no_news_but_money_that_comes_again_is(open_desk):
    recorded(open_desk)
    assert len(run(open_desk)) == 1
    recorded(open_desk, version=2, amount="2700.00")
    assert len(run(open_desk, at=datetime(2019, 12, 12, 17, tzinfo=UTC))) == 1
    recorded(open_desk, version=3, state="cancelled")
    recorded(open_desk, version=4)
    assert len(run(open_desk, at=datetime(2019, 12, 13, 17, tzinfo=UTC))) == 2


def test_a_payment_that_moves_to_another_employer_is_told_to_that_one(open_desk):
    recorded(open_desk)
    recorded(open_desk, version=2, siret=BAKERY)
    assert run(open_desk) == []
    assert told(open_desk, BAKERY) == []  # which has no account


def test_what_comes_after_the_mail_waits_for_the_next_day(open_desk):
    recorded(open_desk)
    run(open_desk)
    recorded(open_desk, "806113")
    open_desk.rows(
        "update payment_arrivals set due_at = :six where settled_at is null returning 1", six=SIX
    )  # heard before
    assert len(run(open_desk)) == 1
    assert [sums(facts)[0] for facts in run(open_desk, at=datetime(2019, 12, 12, 17, tzinfo=UTC))] == [1, 1]


def test_payments_older_than_seven_days_are_not_told_of(open_desk):
    recorded(open_desk, paid_on="2019-12-03")
    recorded(open_desk, "806113", paid_on="2019-12-04")
    assert [sums(facts)[0] for facts in run(open_desk)] == [1]
    assert open_desk.column("select payment_number from payment_arrivals") == ["806113"]


def test_a_mail_that_could_not_leave_for_days_tells_only_what_is_still_recent(open_desk):
    recorded(open_desk, paid_on="2019-12-05")
    recorded(open_desk, "806113")
    assert [sums(facts)[0] for facts in run(open_desk, at=datetime(2019, 12, 14, 9, tzinfo=UTC))] == [1]


def test_who_has_no_active_account_is_not_told_then_or_later(desk):
    desk.stand_in_wizard()
    desk.now = MORNING
    recorded(desk)
    assert run(desk) == []
    assert desk.column("select count(*) from payment_arrivals where settled_at is null") == [0]


def test_the_switch_stops_the_mail_and_stands_in_the_journal(open_desk):
    assert wants(open_desk)
    switch(open_desk, on=False)
    assert not wants(open_desk)
    recorded(open_desk)
    assert run(open_desk) == []
    switch(open_desk, on=True)
    recorded(open_desk, "806113", paid_on="2019-12-12")
    assert [sums(facts)[0] for facts in run(open_desk, at=datetime(2019, 12, 12, 17, tzinfo=UTC))] == [1]
    entries = open_desk.service.read_journal(api.ReadJournal(token_hash=hashed(SECOND))).entries
    assert [(entry.action, entry.who) for entry in entries[:2]] == [
        ("payment_mails_on", OWN_IDENTIFIER),
        ("payment_mails_off", OWN_IDENTIFIER),
    ]


def wants(desk, token=SECOND):
    renewed(desk)
    return desk.service.get_preferences(api.SessionToken(token_hash=hashed(token))).payment_mails


def switch(desk, *, on):
    renewed(desk)
    desk.service.set_preferences(api.SetPreferences(token_hash=hashed(SECOND), payment_mails=on))


def renewed(desk):
    """The session of the first login lives on to this day."""
    late = datetime(2020, 1, 1, tzinfo=UTC)
    desk.rows("update sessions set idle_expires_at = :late, absolute_expires_at = :late returning 1", late=late)


def test_the_switch_wants_a_live_session(open_desk):
    with pytest.raises(SessionInvalid):
        open_desk.service.get_preferences(api.SessionToken(token_hash=hashed("nobody")))
    with pytest.raises(SessionInvalid):
        open_desk.service.set_preferences(api.SetPreferences(token_hash=hashed("nobody"), payment_mails=False))


def test_replicas_side_by_side_write_one_mail(open_desk, monkeypatch):
    """Both have seen that the employer is to be told before either writes."""
    recorded(open_desk)
    open_desk.now = SIX
    both, of_employer = threading.Barrier(2), daily_payments.store.of_employer

    def together(*asked, **more):
        both.wait(10)
        return of_employer(*asked, **more)

    monkeypatch.setattr(daily_payments.store, "of_employer", together)
    replicas = [threading.Thread(target=loop_of(open_desk).run_once) for _ in range(2)]
    for replica in replicas:
        replica.start()
    for replica in replicas:
        replica.join(20)
    assert len(told(open_desk)) == 1


def test_the_mail_is_french_in_text_and_html(open_desk):
    recorded(open_desk, "806110", amount="-120.00", dossier_number="18RCDI4786", paid_on="2019-12-05")
    recorded(open_desk)
    recorded(open_desk, "806111")
    run(open_desk)
    with PostOffice() as office:
        send_all(open_desk.mailer(smtp_port=office.port))
        mail = office.mails[-1]
    assert mail["Subject"] == "3 nouveaux règlements dans votre espace Employeur"
    for part in (text_of(mail), html_of(mail).replace("&nbsp;", "\u00a0")):
        plain = " ".join(part.replace("\u202f", " ").replace("\u00a0", " ").split())
        for words in ("5 529,88", "303,34 h payées", "-120,00", "11 déc. 2019", "5 déc. 2019", "5 409,88", "455,01"):
            assert words in plain
        assert "https://espace.example/reglements" in plain
        assert "https://espace.example/compte" in plain


def test_a_long_mail_shows_thirty_lines_and_the_sums_of_all(open_desk):
    for place in range(40):
        recorded(open_desk, str(900_000 + place), dossier_number=f"19GE{place:05}", amount="10.00")
    (facts,) = run(open_desk)
    assert (len(facts["lines"]), facts["lines_left_out"], facts["amount"]) == (30, 10, "400.00")


def test_what_was_dealt_with_is_forgotten_after_a_while(open_desk):
    recorded(open_desk)
    run(open_desk)
    recorded(open_desk, "806113", paid_on="2020-05-01")
    open_desk.later(days=93)
    purge_of(open_desk).run_once()
    assert open_desk.column("select payment_number from payment_arrivals") == ["806113"]
