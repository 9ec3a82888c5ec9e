"""Chapter 2 of the guide: the forgotten password and the forgotten identifier (S15 to S22)."""

import re
from collections.abc import Callable

from playwright.sync_api import BrowserContext, Page, expect

from tests.journeys.conftest import log_in
from tests.journeys.outside import Employer, Mailbox

NEW_PASSWORD = "Un&autre-Mot2passe"
SOLVED = 30_000  # milliseconds; a second or so on an idle machine


def reset_path(mailbox: Mailbox, address: str) -> str:
    """The path of the newest reset link (S17)."""
    found = mailbox.wait_for(address, r"https?://[^/\s]+(/reinitialisation/\S+)")
    return found[0].group(1)


def ask_for_link(page: Page, identifier: str) -> None:
    """From the login page to the neutral answer."""
    page.goto("/connexion")
    page.get_by_role("link", name="Mot de passe oublié").click()
    page.get_by_label("Identifiant", exact=True).fill(identifier)
    page.get_by_role("button", name="Recevoir le lien").click()
    expect(page.get_by_role("status")).to_contain_text("Si cet identifiant existe")


def fill(page: Page, identifier: str, password: str, repeated: str) -> None:
    """The three fields of the page behind the link."""
    page.get_by_label("Identifiant", exact=True).fill(identifier)
    page.get_by_label("Nouveau mot de passe").fill(password)
    page.get_by_label("Retapez le mot de passe").fill(repeated)


def tick_the_robot_box(page: Page) -> None:
    """By keyboard, as anybody can; then wait until it is solved."""
    box = page.get_by_role("checkbox", name="Je ne suis pas un robot")
    box.focus()
    page.keyboard.press("Space")
    expect(page.locator('input[type="hidden"][name="robot"]')).not_to_have_value("", timeout=SOLVED)


def save(page: Page) -> None:
    page.get_by_role("button", name="Enregistrer le mot de passe").click()


def test_s15_to_s20_a_forgotten_password_is_replaced(
    inside: Page, employer: Employer, mailbox: Mailbox, new_context: Callable[..., BrowserContext]
) -> None:
    page = new_context().new_page()
    ask_for_link(page, employer.identifier)
    path = reset_path(mailbox, employer.address)
    for _ in range(2):  # K8: looking at it does not use it up
        page.goto(path)
    fill(page, employer.identifier, NEW_PASSWORD, NEW_PASSWORD)
    tick_the_robot_box(page)
    save(page)
    expect(page.get_by_role("status")).to_contain_text("Votre nouveau mot de passe est enregistré.")
    inside.goto("/compte")  # S20: the other session is over
    expect(inside.get_by_role("heading", name="Connexion")).to_be_visible()
    log_in(page, employer.identifier, employer.password)
    expect(page.get_by_role("alert")).to_contain_text("Identifiant ou mot de passe incorrect.")
    log_in(page, employer.identifier, NEW_PASSWORD)
    expect(page.get_by_role("heading", name="Bonjour")).to_be_visible()
    answer = page.goto(path)
    assert answer is not None
    assert answer.status == 404
    everything = "".join(mailbox.texts(employer.address))
    assert "Le mot de passe de l’espace" in everything  # K11
    assert NEW_PASSWORD not in everything


def test_s18_all_four_faults_at_once_beside_their_fields(
    inside: Page, employer: Employer, mailbox: Mailbox, new_context: Callable[..., BrowserContext]
) -> None:
    page = new_context().new_page()
    ask_for_link(page, employer.identifier)
    page.goto(reset_path(mailbox, employer.address))
    for typed, count in (("abc", 0), ("Abcdefgh", 2), ("Abcdefgh!", 3)):
        page.get_by_label("Nouveau mot de passe").fill(typed)
        expect(page.locator("[data-rule].met")).to_have_count(count)
    fill(page, "un.autre", "abcdefg!", "abcdefg?")
    page.locator("form.stack").evaluate("form => { form.noValidate = true; }")
    save(page)
    expect(page.get_by_role("alert").first).to_contain_text("4 points à corriger")
    for field in ("identifiant", "mot-de-passe", "repetition", "robot"):
        expect(page.locator(f"#{field}-erreur")).to_be_visible()
    expect(page.get_by_label("Nouveau mot de passe")).to_have_value("")
    inside.goto("/compte")  # nothing has happened
    expect(inside.get_by_role("heading", name="Mon compte")).to_be_visible()


def test_s18_without_script_a_mailed_code_stands_for_the_box(
    inside: Page, employer: Employer, mailbox: Mailbox, new_context: Callable[..., BrowserContext]
) -> None:
    page = new_context(java_script_enabled=False).new_page()
    ask_for_link(page, employer.identifier)
    page.goto(reset_path(mailbox, employer.address))
    page.get_by_text("La case ne répond pas ?").click()
    page.get_by_label("Identifiant", exact=True).fill(employer.identifier)
    page.get_by_role("button", name="Recevoir un code par mail").click()
    expect(page.get_by_role("status")).to_contain_text("Un code vient de partir")
    code = mailbox.wait_for(employer.address, r"Code\s*: (\S+)")[0].group(1)
    fill(page, employer.identifier, NEW_PASSWORD, NEW_PASSWORD)
    page.get_by_label("Code reçu par mail").fill(code.lower())
    save(page)
    expect(page.get_by_role("status")).to_contain_text("Votre nouveau mot de passe est enregistré.")


def test_s16_an_unknown_identifier_gets_the_same_answer(inside: Page, employer: Employer, page: Page) -> None:
    answers = []
    for identifier in (employer.identifier, f"{employer.identifier}.inconnu"):
        inside.context.clear_cookies()
        ask_for_link(inside, identifier)
        answers.append(re.sub(r'name="csrf" value="[^"]+"', "", inside.content()))
    assert answers[0] == answers[1]


def test_s16_the_identifier_is_mailed_to_the_contact_address(
    inside: Page, employer: Employer, mailbox: Mailbox
) -> None:
    inside.context.clear_cookies()
    inside.goto("/connexion")
    inside.get_by_role("link", name="Identifiant oublié ?").click()
    inside.get_by_label("Adresse mail de contact").fill(employer.address.upper())
    inside.get_by_role("button", name="Recevoir mon identifiant").click()
    expect(inside.get_by_role("status")).to_contain_text("Si cette adresse est celle d’un compte")
    found = mailbox.wait_for(employer.address, rf"Identifiant\s*: {re.escape(employer.identifier)}", count=2)
    assert len(found) == 2  # the mail of the confirmation has it too
