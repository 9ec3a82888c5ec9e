"""S2: only EmployerContactChanged replaces the contact address, and the old address is told."""

from tests.service.identity.front_desk import CONTACT

NEW = "paie@clinique-des-tilleuls.example"


def test_s02_the_old_address_is_told(desk):
    desk.open_provisional()
    desk.contact_changed(NEW, version=1)

    assert desk.column("select contact_email from employers") == [NEW]
    (mail,) = desk.mails("contact_changed")
    assert mail.recipient == CONTACT
    assert mail.facts["masked_new_address"] == "pa…@clin…tilleuls.example"


def test_s02_a_lower_version_never_wins(desk):
    desk.open_provisional()
    desk.contact_changed(NEW, version=3)
    desk.contact_changed("older@clinic.example", version=2)
    desk.contact_changed("same@clinic.example", version=3)

    assert desk.column("select contact_email from employers") == [NEW]
    assert len(desk.mails("contact_changed")) == 1


def test_s02_a_change_that_comes_before_the_employer_is_kept(desk):
    desk.contact_changed("first@clinic.example", version=2)
    desk.contact_changed(NEW, version=5)
    desk.contact_changed("late@clinic.example", version=4)
    desk.open_provisional(email=CONTACT)

    assert [mail.recipient for mail in desk.mails()] == [NEW]
    desk.contact_changed("stale@clinic.example", version=5)
    assert desk.column("select contact_email from employers") == [NEW]


def test_a_mail_that_still_waits_goes_to_the_new_address(desk):
    desk.open_provisional()
    desk.contact_changed(NEW, version=1)

    (mail,) = desk.mails("provisional_credentials")
    assert mail.recipient == NEW
