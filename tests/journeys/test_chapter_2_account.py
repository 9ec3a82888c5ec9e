"""« Mon compte »: own sessions and the journal, as people see them (K16, K35)."""

from collections.abc import Callable

from playwright.sync_api import BrowserContext, Page, expect

from tests.journeys.conftest import log_in
from tests.journeys.outside import Employer, FunderSystem, Mailbox


def test_k16_a_session_elsewhere_is_seen_and_closed(
    inside: Page, employer: Employer, new_context: Callable[..., BrowserContext]
) -> None:
    elsewhere = new_context(user_agent="Mozilla/5.0 (Linux; Android 14) Chrome/120.0 Mobile Safari/537.36").new_page()
    log_in(elsewhere, employer.identifier, employer.password)
    inside.goto("/compte")
    inside.get_by_role("button", name="Fermer la session Chrome sur Android").click()
    expect(inside.get_by_role("status").filter(has_text="La session est fermée.")).to_be_visible()
    elsewhere.goto("/accueil")
    expect(elsewhere.get_by_role("heading", name="Connexion")).to_be_visible()


def test_the_daily_mail_on_payments_is_switched_off_and_stays_off(inside: Page) -> None:
    inside.goto("/compte")
    inside.get_by_role("button", name="Ne plus recevoir ce mail").click()
    expect(inside.get_by_role("status").filter(has_text="Vous ne recevrez plus de mail")).to_be_visible()
    inside.reload()
    expect(inside.get_by_role("button", name="Recevoir ce mail", exact=True)).to_be_visible()
    expect(inside.get_by_text("Mail des règlements arrêté")).to_be_visible()


def test_k35_the_journal_tells_what_was_ticked(inside: Page, employer: Employer, funder: FunderSystem) -> None:
    funder.pay(employer)
    inside.goto("/reglements")
    for _ in range(30):  # the payments come by the bus
        if inside.get_by_role("checkbox").count():
            break
        inside.wait_for_timeout(300)
        inside.reload()
    with inside.expect_response(lambda answer: answer.request.method == "POST"):
        inside.locator('input[name="pointe"]').first.check()
    for _ in range(30):  # and so does the tick, to the journal
        inside.goto("/compte/journal")
        if inside.get_by_text("1 règlement pointé").count():
            break
        inside.wait_for_timeout(300)
    expect(inside.get_by_text("1 règlement pointé")).to_be_visible()
    expect(inside.get_by_text("Politique de confidentialité acceptée")).to_be_visible()


def test_s02_another_contact_address_by_password_and_link(inside: Page, employer: Employer, mailbox: Mailbox) -> None:
    wanted = f"paie@employeur-{employer.mark.lower()}.example"
    inside.goto("/compte")
    inside.get_by_role("link", name="Changer l’adresse de contact").click()
    inside.get_by_label("Nouvelle adresse mail").fill(wanted)
    inside.get_by_label("Votre mot de passe").fill(employer.password)
    inside.get_by_role("button", name="Recevoir le lien").click()
    expect(inside.get_by_role("status").filter(has_text="Un lien vient de partir")).to_be_visible()
    expect(inside.get_by_text(f"En attente : {wanted}")).to_be_visible()
    mailbox.wait_for(employer.address, "Une autre|souhaite que les mails partent")
    inside.goto(mailbox.wait_for(wanted, r"https?://[^/\s]+(/adresse/\S+)")[0].group(1))
    inside.get_by_role("button", name="Confirmer cette adresse").click()
    inside.get_by_role("link", name="Aller à mon compte").click()
    expect(inside.get_by_role("definition").filter(has_text=wanted)).to_be_visible()
    mailbox.wait_for(employer.address, "partent désormais vers une autre adresse")
