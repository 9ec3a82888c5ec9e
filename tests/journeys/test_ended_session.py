"""A session that ends while a form is filled in: the same page and form after logging in again (K16)."""

from playwright.sync_api import Page, expect

from tests.journeys.outside import Employer


def test_k16_what_was_typed_is_there_after_logging_in_again(inside: Page, employer: Employer) -> None:
    wanted = "nouvelle.adresse@employeur.example"
    inside.goto("/compte/adresse")
    inside.get_by_label("Nouvelle adresse mail").fill(wanted)
    inside.get_by_label("Votre mot de passe").fill(employer.password)
    inside.context.clear_cookies(name="session")
    inside.get_by_role("button", name="Recevoir le lien").click()

    expect(inside.get_by_role("heading", name="Connexion")).to_be_visible()
    inside.get_by_label("Identifiant", exact=True).fill(employer.identifier)
    inside.get_by_label("Mot de passe", exact=True).fill(employer.password)
    inside.get_by_role("button", name="Se connecter").click()
    expect(inside.get_by_role("heading", name="Adresse de contact")).to_be_visible()
    expect(inside.get_by_role("status").filter(has_text="Ce que vous aviez saisi est revenu")).to_be_visible()
    expect(inside.get_by_label("Nouvelle adresse mail")).to_have_value(wanted)
    expect(inside.get_by_label("Votre mot de passe")).to_have_value("")
    assert employer.password not in inside.evaluate("JSON.stringify(sessionStorage)")

    inside.goto("/accueil")  # left behind on purpose, it does not come back
    inside.goto("/compte/adresse")
    expect(inside.get_by_label("Nouvelle adresse mail")).to_have_value("")


def test_k16_the_end_is_told_two_minutes_before_and_can_be_put_off(inside: Page) -> None:
    inside.clock.install()
    inside.goto("/accueil")
    inside.clock.fast_forward("27:00")
    expect(inside.get_by_role("button", name="Rester connecté")).to_have_count(0)
    inside.clock.fast_forward("01:30")
    inside.get_by_role("button", name="Rester connecté").click()
    expect(inside.get_by_role("button", name="Rester connecté")).to_have_count(0)
    inside.clock.fast_forward("30:10")
    expect(inside.get_by_text("Votre session est fermée.")).to_be_visible()
