"""Chapter 1 of the guide: the account, its mails, the first login (S1 to S15)."""

import re
from collections.abc import Callable

from playwright.sync_api import BrowserContext, Page, expect

from tests.journeys.conftest import finish_first_login, log_in, personalise
from tests.journeys.outside import DOSSIERS, Employer, FunderSystem, Mailbox


def test_s02_s03_three_requests_make_one_account_and_one_mail(
    employer: Employer, mailbox: Mailbox, inside: Page
) -> None:
    mails = mailbox.texts(employer.address)
    assert sum("provisoire :" in text.replace("\u00a0", " ") for text in mails) == 1
    inside.goto("/dossiers")
    for number, *_rest in DOSSIERS:
        expect(inside.get_by_role("link", name=employer.dossier(number))).to_be_visible()


def test_s03_to_s14_the_first_login(page: Page, employer: Employer, mailbox: Mailbox) -> None:
    identifier, password = mailbox.provisional(employer.address)
    log_in(page, identifier, password)
    expect(page).to_have_url(re.compile("/premiere-connexion$"))
    for closed in ("/accueil", "/reglements", "/documents", "/dossiers", "/compte"):  # S4
        page.goto(closed)
        expect(page.get_by_role("heading", name="Choisissez vos identifiants")).to_be_visible()
    personalise(page, employer.identifier, employer.password)
    expect(page.get_by_text(employer.identifier, exact=True)).to_be_visible()
    path = mailbox.confirmation_path(employer.address)
    (mail,) = [text for text in mailbox.texts(employer.address) if "Nouvel identifiant" in text]
    assert identifier in mail  # S8: the old and the new
    assert employer.identifier in mail
    assert employer.password not in "".join(mailbox.texts(employer.address))  # S7
    page.goto(path)
    page.get_by_label("Nouveau mot de passe").fill("Pas&celui-la")  # S10: a wrong one confirms nothing
    page.get_by_role("button", name="Continuer").click()
    expect(page.get_by_text("Ce n’est pas le mot de passe que vous avez choisi.")).to_be_visible()
    page.get_by_label("Nouveau mot de passe").fill(employer.password)
    page.get_by_role("button", name="Continuer").click()
    expect(page.get_by_role("heading", name="Vos identifiants sont confirmés")).to_be_visible()
    page.goto("/reglements")  # S12: nothing before the policy
    expect(page.get_by_role("heading", name="Politique de confidentialité")).to_be_visible()
    page.get_by_label("J’ai lu la politique de confidentialité et je l’accepte.").check()
    page.get_by_role("button", name="Accepter et entrer dans mon espace").click()
    expect(page.get_by_role("heading", name="Bonjour")).to_be_visible()
    expect(page.get_by_text("Votre Transitions Pro reste à votre disposition")).to_be_visible()  # S56
    for menu in ("Règlements", "Documents", "Mes dossiers"):  # S57
        expect(page.get_by_role("navigation", name="Menu principal").get_by_role("link", name=menu)).to_be_visible()


def test_s13_s14_later_logins_are_plain_and_provisional_credentials_are_dead(
    inside: Page, employer: Employer, mailbox: Mailbox
) -> None:
    inside.locator("details.account summary").click()
    inside.get_by_role("button", name="Se déconnecter").click()
    log_in(inside, employer.identifier, employer.password)
    expect(inside.get_by_role("heading", name="Bonjour")).to_be_visible()
    inside.context.clear_cookies()
    log_in(inside, *mailbox.provisional(employer.address))
    expect(inside.get_by_role("alert")).to_contain_text("Identifiant ou mot de passe incorrect.")


def test_s09_the_link_serves_once_and_a_newer_one_voids_it(page: Page, employer: Employer, mailbox: Mailbox) -> None:
    log_in(page, *mailbox.provisional(employer.address))
    personalise(page, employer.identifier, employer.password)
    first = mailbox.confirmation_path(employer.address)
    page.get_by_role("button", name="Renvoyer le mail").click()
    expect(page.get_by_role("status")).to_contain_text("Un nouveau mail vient de partir.")
    second = mailbox.confirmation_path(employer.address, count=2)
    assert first != second
    page.goto(first)
    expect(page.get_by_role("heading", name="Ce lien ne fonctionne plus")).to_be_visible()
    for _ in range(2):  # K8: looking at it does not use it up
        page.goto(second)
        expect(page.get_by_label("Nouveau mot de passe")).to_be_visible()
    page.get_by_label("Nouveau mot de passe").fill(employer.password)
    page.get_by_role("button", name="Continuer").click()
    expect(page.get_by_role("heading", name="Vos identifiants sont confirmés")).to_be_visible()
    answer = page.goto(second)
    assert answer is not None
    assert answer.status == 404
    expect(page.get_by_role("heading", name="Ce lien ne fonctionne plus")).to_be_visible()


def test_s06_a_weak_password_is_refused_rule_by_rule(page: Page, employer: Employer, mailbox: Mailbox) -> None:
    log_in(page, *mailbox.provisional(employer.address))
    for weak, missing in (("Abcdef!", "min_length"), ("abcdefg!", "uppercase"), ("Abcdefg^", "special")):
        with page.expect_response(lambda answer: answer.request.method == "POST") as posted:
            personalise(page, employer.identifier, weak)
        assert posted.value.status == 422
        rules = page.locator("[data-rule]:not(.met)")
        expect(rules).to_have_count(1)
        assert rules.get_attribute("data-rule") == missing
    expect(page.get_by_label("Nouvel identifiant")).to_have_value(employer.identifier)


def test_s06_the_rules_are_ticked_off_while_typing(page: Page, employer: Employer, mailbox: Mailbox) -> None:
    log_in(page, *mailbox.provisional(employer.address))
    for typed, count in (("abc", 0), ("abcdefgh", 1), ("Abcdefgh", 2), ("Abcdefgh!", 3)):
        page.get_by_label("Nouveau mot de passe").fill(typed)
        expect(page.locator("[data-rule].met")).to_have_count(count)


def test_s15_wrong_credentials(page: Page) -> None:
    with page.expect_response(lambda answer: answer.request.method == "POST") as posted:
        log_in(page, "personne.inconnue", "Abcdefg!")
    assert posted.value.status == 422
    expect(page.get_by_role("alert")).to_contain_text("Identifiant ou mot de passe incorrect.")
    expect(page.get_by_label("Identifiant", exact=True)).to_have_value("personne.inconnue")


def test_s01_no_page_lets_anybody_register(page: Page) -> None:
    page.goto("/connexion")
    expect(page.get_by_text("il n’y a pas d’inscription à faire")).to_be_visible()
    for guess in ("/inscription", "/register", "/compte/nouveau"):
        answer = page.goto(guess)
        assert answer is not None
        assert answer.status == 404
        expect(page.get_by_role("heading", name="Cette page n’existe pas")).to_be_visible()


def test_after_logging_in_one_is_back_where_one_wanted_to_go(
    inside: Page, employer: Employer, new_context: Callable[..., BrowserContext]
) -> None:
    other = new_context().new_page()
    other.goto("/reglements?q=19GE")
    expect(other.get_by_role("heading", name="Connexion")).to_be_visible()
    other.get_by_label("Identifiant", exact=True).fill(employer.identifier)
    other.get_by_label("Mot de passe", exact=True).fill(employer.password)
    other.get_by_role("button", name="Se connecter").click()
    expect(other).to_have_url(re.compile(r"/reglements\?q=19GE$"))


def test_s54_two_employers_see_nothing_of_each_other(
    inside: Page, employer: Employer, funder: FunderSystem, mailbox: Mailbox, new_context: Callable[..., BrowserContext]
) -> None:
    other = Employer()
    funder.receive_requests(other)
    theirs = new_context().new_page()
    finish_first_login(theirs, other, mailbox)
    for address in (
        f"/dossiers/{employer.dossier('19GE00565')}",
        f"/documents/dossiers/{employer.dossier('19GE00565')}",
    ):
        answer = theirs.goto(address)
        assert answer is not None
        assert answer.status == 404
        answer = inside.goto(address)
        assert answer is not None
        assert answer.status == 200


def test_the_first_login_works_without_script(
    employer: Employer, mailbox: Mailbox, new_context: Callable[..., BrowserContext]
) -> None:
    finish_first_login(new_context(java_script_enabled=False).new_page(), employer, mailbox)
