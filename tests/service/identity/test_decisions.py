"""What the funder decides about a deposit reaches the employer by mail, once (S48)."""

from uuid import uuid4

from espace_contracts.documents import DocumentHandled

from tests.service.identity.front_desk import CONTACT
from tests.service.identity.post_office import PostOffice

ID = "0b6f0a52-5a0f-4f3e-8a34-7d1f4b0f9c21"


def decide(desk, handling="accepted", *, event_id=None, **changes):
    """The event as documents tells it; False for a repeat."""
    data = {
        "siret": "73282932000074",
        "document_id": ID,
        "version": 1,
        "handling": handling,
        "reason": None if handling == "accepted" else "La page 2 manque, et l'en-tête.",
        "depositor": "employer",
        "category": "payslip",
        "title": "Bulletin de <novembre>",
        "dossier_number": "19GE00565",
        "deposited_at": "2019-12-10T14:02:00Z",
    }
    handler = desk.service.tell_decision
    return desk.receive(handler, data | changes, event_id=event_id, event_class=DocumentHandled)


def sent(desk):
    """What the mail server has after two minutes."""
    desk.later(minutes=2, seconds=1)
    with PostOffice() as office:
        mailer = desk.mailer(smtp_port=office.port)
        while mailer.run_once() == 0.0:
            pass
        return office.mails


def bodies(mail):
    return [part.get_content().replace("\u00a0", " ").replace("\r\n", "\n") for part in mail.iter_parts()]


def test_s48_to_be_corrected_says_why_and_leads_to_the_correction(desk):
    desk.activated()
    sent(desk)
    event_id = uuid4()
    decide(desk, "to_correct", event_id=event_id)
    assert not decide(desk, "to_correct", event_id=event_id)
    (mail,) = sent(desk)
    assert (mail["Subject"], mail["To"]) == ("Un document est à corriger", CONTACT)
    text, html = bodies(mail)
    assert "La page 2 manque, et l’en-tête." in text
    assert "Bulletin de <novembre>\n  Déposé le 10 décembre 2019, dossier 19GE00565" in text
    assert f"https://espace.example/documents/{ID}/modifier" in text
    assert f'href="https://espace.example/documents/{ID}/modifier"' in html
    assert "Bulletin de &lt;novembre&gt;" in html


def test_s48_decisions_of_two_minutes_share_one_mail_of_each_kind(desk):
    desk.activated()
    sent(desk)
    decide(desk, title="Bulletin 1")
    desk.later(seconds=90)
    decide(desk, title="Bulletin 2", dossier_number=None)
    decide(desk, "to_correct", title="Facture")
    accepted, to_correct = sent(desk)
    assert (accepted["Subject"], to_correct["Subject"]) == (
        "2 documents sont pris en compte",
        "Un document est à corriger",
    )
    text = bodies(accepted)[0]
    assert text.index("Bulletin 1") < text.index("Bulletin 2\n  Déposé le 10 décembre 2019")
    decide(desk, title="Bulletin 3")
    (alone,) = sent(desk)
    assert alone["Subject"] == "Votre document est pris en compte", "what was sent stays as it was"


def test_s48_a_mail_that_was_tried_is_not_changed_any_more(desk):
    desk.activated()
    sent(desk)
    decide(desk, title="Bulletin 1")
    desk.later(minutes=2, seconds=1)
    with PostOffice() as office:
        office.answers = [("DATA", "451 later")]
        desk.mailer(smtp_port=office.port).run_once()
    decide(desk, title="Bulletin 2")
    assert [len(mail.facts["documents"]) for mail in desk.mails("documents_accepted")] == [1, 1]


def test_s48_nobody_is_told_of_other_depositors_and_closed_accounts(desk):
    decide(desk)
    desk.activated()
    decide(desk, depositor="training_provider")
    desk.disable()
    decide(desk)
    assert desk.mails("documents_accepted") == []
