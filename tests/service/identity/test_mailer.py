"""S3, S8, R5, R10: mails leave once, are retried, bounce, and keep no secret behind."""

import pytest
from espace_contracts import identity as api

from services.identity.domain import MAIL_REST_WITHOUT_SERVER
from services.identity.letters import FOLDER
from services.identity.mailer import AWAY_PAUSE
from tests.service.identity.front_desk import BAKERY, CONTACT, NEW_PASSWORD, OWN_IDENTIFIER, OWN_PASSWORD
from tests.service.identity.post_office import PostOffice
from tests.service.identity.test_decisions import decide

TOLD_ELSEWHERE = {"payments_received"}  # mails that no act of a person writes have a test file of their own


@pytest.fixture
def post_office():
    with PostOffice() as office:
        yield office


def send_all(mailer):
    """Rounds until nothing is due."""
    while mailer.run_once() == 0.0:
        pass


def text_of(mail):
    return mail.get_body(("plain",)).get_content()


def html_of(mail):
    return mail.get_body(("html",)).get_content()


def test_s03_the_mail_has_identifier_password_and_link(desk, post_office):
    identifier, password = desk.open_provisional()
    send_all(desk.mailer(smtp_port=post_office.port))

    (mail,) = post_office.mails
    assert post_office.envelopes == [("ne-pas-repondre@espace.example", (CONTACT,))]
    for part in (text_of(mail), html_of(mail)):
        assert identifier in part
        assert password in part
        assert "https://espace.example/connexion" in part
        assert "31 août 2019" in part
        assert "Transitions Pro Grand Est" in part
    assert desk.log_in(identifier, password).state == "provisional"


def test_mails_are_automatic_french_and_answered_by_the_funder(desk, post_office):
    desk.open_provisional()
    send_all(desk.mailer(smtp_port=post_office.port))

    (mail,) = post_office.mails
    (row,) = desk.mails()
    assert mail["Message-ID"] == f"<{row.id}@espace.example>"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Content-Language"] == "fr"
    assert mail["Reply-To"] == "contact@transitionspro-ge.example"
    assert mail["Subject"] == "Votre espace Employeur est ouvert\u00a0: vos identifiants provisoires"
    assert mail.get_content_type() == "multipart/alternative"


def test_the_html_is_styled_inline_and_asks_nobody_for_anything(desk, post_office):
    desk.open_provisional()
    send_all(desk.mailer(smtp_port=post_office.port))

    html = html_of(post_office.mails[0])
    assert 'class="button" href="https://espace.example/connexion" style="' in html
    assert "@media" in html
    assert "src=" not in html
    assert "<link" not in html


def test_k06_the_secret_is_wiped_once_the_server_has_the_mail(desk, post_office):
    desk.open_provisional()
    send_all(desk.mailer(smtp_port=post_office.port))

    (mail,) = desk.mails()
    assert (mail.state, mail.secret) == ("sent", None)
    assert mail.server_answer == "250 2.0.0 queued as 42"
    assert desk.event_types() == ["AccountCreated.v1", "ProvisionalCredentialsSent.v1"]


def test_r05_nothing_is_sent_twice(desk, post_office):
    desk.open_provisional()
    mailer = desk.mailer(smtp_port=post_office.port)
    send_all(mailer)
    desk.later(days=3)
    send_all(mailer)

    assert len(post_office.raw) == 1


def test_r05_a_mail_claimed_by_one_worker_is_left_alone_by_the_other(desk, post_office):
    desk.open_provisional()
    other = desk.mailer(smtp_port=post_office.port)
    seen = []
    post_office.on_data = lambda: seen.append(other.run_once())
    send_all(desk.mailer(smtp_port=post_office.port))

    assert len(seen) == 1
    assert seen[0] > 0
    assert len(post_office.raw) == 1


def test_r05_a_worker_that_dies_after_the_answer_repeats_the_identical_mail(desk, post_office, monkeypatch):
    desk.open_provisional()
    mailer = desk.mailer(smtp_port=post_office.port)

    class Died(Exception):
        pass

    def die(*args, **kwargs):
        raise Died

    with monkeypatch.context() as patch:
        patch.setattr("services.identity.mailer.mails.settle_sent", die)
        with pytest.raises(Died):
            mailer.run_once()
    assert mailer.run_once() > 0, "the lease has not passed"
    desk.later(minutes=10)
    send_all(mailer)

    assert len(post_office.raw) == 2
    assert post_office.raw[0] == post_office.raw[1]


@pytest.mark.parametrize("stage", ["MAIL", "RCPT", "DATA"])
def test_r10_a_temporary_refusal_is_retried_with_growing_delays(desk, post_office, stage):
    desk.open_provisional()
    post_office.answers = [(stage, "451 4.3.0 come back later")] * 3
    mailer = desk.mailer(smtp_port=post_office.port)
    waits = []
    for _ in range(3):
        send_all(mailer)
        (mail,) = desk.mails()
        assert mail.state == "queued"
        assert "451 4.3.0 come back later" in mail.server_answer
        waits.append((mail.due_at - desk.now).total_seconds())
        desk.later(seconds=waits[-1])
    send_all(mailer)

    assert waits == [5, 20, 80]
    assert [mail.state for mail in desk.mails()] == ["sent"]
    assert len(post_office.raw) == 1


@pytest.mark.parametrize("stage", ["RCPT", "DATA"])
def test_r10_a_final_refusal_is_kept_with_the_servers_words(desk, post_office, stage):
    desk.open_provisional()
    post_office.answers = [(stage, "550 5.1.1 no such mailbox")]
    send_all(desk.mailer(smtp_port=post_office.port))

    (mail,) = desk.mails()
    assert (mail.state, mail.secret) == ("bounced", None)
    assert mail.server_answer == f"{stage}: 550 5.1.1 no such mailbox"
    lost = {"account_id": str(mail.account_id), "siret": mail.siret, "mail": mail.name, "outcome": "bounced"}
    told = ("MailNotDelivered.v1", lost | {"server_answer": mail.server_answer})
    assert desk.events()[1:] == [told]
    assert desk.audited("mail_bounced") == [False]


def test_r10_a_refused_sender_is_our_mistake_and_loses_no_mail(desk, post_office):
    desk.open_provisional()
    post_office.answers = [("MAIL", "553 5.7.1 sender not allowed")]
    mailer = desk.mailer(smtp_port=post_office.port)
    send_all(mailer)
    assert [mail.state for mail in desk.mails()] == ["queued"]
    desk.later(seconds=5)
    send_all(mailer)

    assert [mail.state for mail in desk.mails()] == ["sent"]


def test_r10_without_a_server_the_mail_waits_and_is_given_up_after_five_days(desk):
    with PostOffice() as gone:
        port = gone.port
    desk.open_provisional()
    mailer = desk.mailer(smtp_port=port)
    send_all(mailer)
    (mail,) = desk.mails()
    assert mail.state == "queued"
    assert mail.secret is not None

    desk.later(days=5)
    send_all(mailer)
    (mail,) = desk.mails()
    assert (mail.state, mail.secret) == ("given_up", None)


def test_r10_while_no_server_is_there_attempts_are_not_counted_and_the_mail_rests_shortly(desk, post_office):
    with PostOffice() as gone:
        port = gone.port
    desk.open_provisional()
    mailer = desk.mailer(smtp_port=port)
    for _ in range(20):
        assert mailer.run_once() == AWAY_PAUSE
        (mail,) = desk.mails()
        assert (mail.attempts, mail.due_at) == (0, desk.now + MAIL_REST_WITHOUT_SERVER)
        desk.later(seconds=30)
    send_all(desk.mailer(smtp_port=post_office.port))

    assert [mail.state for mail in desk.mails()] == ["sent"]


def test_r05_a_server_that_will_not_part_in_peace_gets_no_second_mail(desk, post_office):
    desk.open_provisional()
    post_office.answers = [("QUIT", "421 4.3.2 not now")]
    mailer = desk.mailer(smtp_port=post_office.port)
    send_all(mailer)
    desk.later(days=1)
    send_all(mailer)

    assert [mail.state for mail in desk.mails()] == ["sent"]
    assert len(post_office.raw) == 1


def test_one_bad_mail_does_not_keep_the_others(desk, post_office):
    desk.open_provisional()
    desk.later(seconds=1)
    desk.open_provisional(siret=BAKERY, email="four@bakery.example")
    post_office.answers = [("RCPT", "451 busy")]
    send_all(desk.mailer(smtp_port=post_office.port))

    assert [envelope[1] for envelope in post_office.envelopes] == [("four@bakery.example",)]


def test_an_address_that_the_server_cannot_take_bounces(desk, post_office):
    desk.open_provisional(email="hélène@clinique.example")
    send_all(desk.mailer(smtp_port=post_office.port))

    assert [mail.state for mail in desk.mails()] == ["bounced"]


def test_s08_the_mail_of_the_change_has_both_identifiers_and_the_link(desk, post_office):
    identifier, _ = desk.stand_in_wizard()
    desk.personalise()
    link = desk.link()
    send_all(desk.mailer(smtp_port=post_office.port))

    (mail,) = [mail for mail in post_office.mails if mail["Subject"] == "Confirmez votre nouvel identifiant"]
    for part in (text_of(mail), html_of(mail)):
        assert identifier in part
        assert "paie.tilleuls" in part
        assert f"https://espace.example/confirmation/{link}" in part
        assert OWN_PASSWORD not in part
    assert desk.confirm(link).state == "active"


def test_every_mail_can_be_read_as_text_and_says_no_password(desk, post_office):
    desk.activated()
    desk.ask_contact("paie@clinique.example")
    desk.forget_identifier(CONTACT)
    desk.forget_password(OWN_IDENTIFIER)
    desk.send_code(desk.link("password_reset"))
    desk.reset(desk.link("password_reset"))
    desk.contact_changed("paie@clinique.example", version=1)
    decide(desk, "accepted")
    decide(desk, "to_correct")
    desk.later(minutes=3)
    send_all(desk.mailer(smtp_port=post_office.port))

    folders = {folder.name for folder in FOLDER.iterdir() if folder.is_dir()} - TOLD_ELSEWHERE
    assert {mail.name for mail in desk.mails()} == folders
    assert len(post_office.mails) == len(folders)
    for mail in post_office.mails:
        assert "Bonjour," in text_of(mail)
        assert "03\u00a000\u00a000\u00a000\u00a000" in text_of(mail)
        assert "{{" not in html_of(mail)
        assert OWN_PASSWORD not in mail.as_string()
        assert NEW_PASSWORD not in mail.as_string()


def test_the_mailer_answers_what_was_forgotten_by_itself(desk, post_office):
    desk.activated()
    mailer = desk.mailer(smtp_port=post_office.port)
    send_all(mailer)
    desk.service.remind_identifier(api.RemindIdentifier(contact_email=CONTACT, remote_address="192.0.2.7"))
    send_all(mailer)

    assert OWN_IDENTIFIER in text_of(post_office.mails[-1])
