"""What people see when something does not work (K20)."""

from espace_contracts import documents, errors, identity, payments
from playwright.sync_api import Page

from tests.doubles.bus import FakeBus
from tests.pages.door_states import refusing
from tests.pages.state import State, anonymous, as_it_is, click, press


def forge(page: Page) -> None:
    """Send a form with a stale token."""
    page.evaluate("document.querySelector('form [name=csrf]').value = 'stale'")
    press("Se connecter", identifiant="paie", mot_de_passe="x")(page)


def changed_meanwhile(bus: FakeBus) -> None:
    """The service refuses what has changed."""
    bus.refuse(payments.LIST_PAYMENTS, errors.Conflict())


API = (
    State("api-docs", "/api/v1/docs", then=click(".operation summary")),
    State("api-docs-dehors", "/api/v1/docs", anonymous),
)
ERRORS = (
    State("erreur-403", "/connexion", anonymous, forge, 403),
    State("erreur-404", "/n-importe-quoi", status=404),
    State("erreur-404-dehors", "/n-importe-quoi", anonymous, status=404),
    State("erreur-405", "/deconnexion", status=405),
    State("erreur-409", "/reglements", changed_meanwhile, status=409),
    State("erreur-422", "/documents/00000000-0000-0000-0000-000000000001/depose?nombre=1000", status=422),
    State("erreur-429", "/documents", refusing(documents.LIST_DOCUMENTS, errors.TooManyAttempts("", "30"), as_it_is), status=429),
    State("erreur-500", "/reglements", refusing(payments.LIST_PAYMENTS, errors.Incident("7F3A91C2"), as_it_is), status=500),
    State("erreur-503", "/reglements", refusing(payments.LIST_PAYMENTS, errors.Unavailable(), as_it_is), status=503),
    State("erreur-503-dehors", "/reglements", refusing(identity.CHECK_SESSION, errors.Unavailable(), as_it_is), status=503),
)  # fmt: skip
