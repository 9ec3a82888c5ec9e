"""The pages before the space: log-in, first login, forgotten words, what everybody may read (chapters 1 and 2)."""

from espace_contracts import errors, identity
from espace_contracts.rpc import Method

from tests.doubles.bus import FakeBus
from tests.doubles.identity import session
from tests.pages.state import Prepare, State, anonymous, as_it_is, press

LINK = "a-mailed-link-of-these-pictures-0123456789"
SAMPLE = "Abcdefg!"


def refusing(method: Method, refusal: Exception, then: Prepare = anonymous) -> Prepare:
    """*method* refuses."""

    def prepare(bus: FakeBus) -> None:
        then(bus)
        bus.refuse(method, refusal)

    return prepare


def provisional(bus: FakeBus) -> None:
    """Somebody with provisional credentials."""
    bus.session = session("provisional", policy=False)


def pending(bus: FakeBus) -> None:
    """Somebody whose mail is on its way."""
    bus.session = session("pending_confirmation", policy=False, pending="paie.tilleuls")


def to_accept(bus: FakeBus) -> None:
    """Somebody who has still to accept the privacy policy."""
    bus.session = session(policy=False)


LATER = errors.TooManyAttempts("", "48")
WEAK = errors.WeakPassword("", "min_length,special")
FAULTY = errors.ResetRefused("", "identifier,repeated,robot,uppercase")
log_in = press("Se connecter", identifiant="paie.tilleuls", mot_de_passe="faux")

LOGIN = (
    State("connexion", "/connexion", anonymous),
    State("connexion-erreur", "/connexion", refusing(identity.OPEN_SESSION, errors.WrongCredentials()), log_in, 422),
    State("connexion-trop-d-essais", "/connexion", refusing(identity.OPEN_SESSION, LATER), log_in, 429),
    State("connexion-robot", "/connexion", refusing(identity.OPEN_SESSION, errors.RobotRequired()), log_in, 422),
    State("connexion-mot-de-passe-change", "/connexion", anonymous, said={"kind": "password_changed"}),
)
choose = press("Continuer", identifiant="rh@exemple.fr", mot_de_passe="court")
confirm = press("Continuer", mot_de_passe=SAMPLE)
FIRST_LOGIN = (
    State("premiere-connexion", "/premiere-connexion", provisional),
    State("premiere-connexion-erreur", "/premiere-connexion", refusing(identity.PERSONALISE, WEAK, provisional), choose, 422),
    State(
        "premiere-connexion-identifiant-pris", "/premiere-connexion",
        refusing(identity.PERSONALISE, errors.IdentifierTaken(), provisional), choose, 422,
    ),
    State("premiere-connexion-envoye", "/premiere-connexion", pending),
    State("premiere-connexion-renvoye", "/premiere-connexion", pending, said={"kind": "mail_sent_again"}),
    State("confirmation", f"/confirmation/{LINK}", pending),
    State("confirmation-erreur", f"/confirmation/{LINK}", refusing(identity.CONFIRM_IDENTIFIER, errors.WrongCredentials()), confirm, 422),
    State("confirmation-trop-d-essais", f"/confirmation/{LINK}", refusing(identity.CONFIRM_IDENTIFIER, LATER), confirm, 429),
    State("confirmation-faite", "/confirmation", to_accept),
    State("confirmation-lien-perdu", f"/confirmation/{LINK}", refusing(identity.GET_CONFIRMATION, errors.LinkInvalid()), status=404),
    State("confirmation-identifiant-perdu", f"/confirmation/{LINK}", refusing(identity.CONFIRM_IDENTIFIER, errors.IdentifierTaken()), confirm, 422),
)  # fmt: skip
reset = press("Enregistrer le mot de passe", identifiant="autre", mot_de_passe="court", repetition="autre")
FORGOTTEN = (
    State("mot-de-passe-oublie", "/mot-de-passe-oublie", anonymous),
    State("mot-de-passe-oublie-erreur", "/mot-de-passe-oublie", anonymous, press("Recevoir le lien"), 422),
    State("mot-de-passe-oublie-trop-d-essais", "/mot-de-passe-oublie", refusing(identity.REQUEST_PASSWORD_RESET, LATER), press("Recevoir le lien", identifiant="paie"), 429),
    State("mot-de-passe-oublie-envoye", "/mot-de-passe-oublie", anonymous, press("Recevoir le lien", identifiant="paie")),
    State("identifiant-oublie", "/identifiant-oublie", anonymous),
    State("identifiant-oublie-erreur", "/identifiant-oublie", anonymous, press("Recevoir mon identifiant"), 422),
    State("identifiant-oublie-envoye", "/identifiant-oublie", anonymous, press("Recevoir mon identifiant", adresse="rh@exemple.fr")),
    State("reinitialisation", f"/reinitialisation/{LINK}", anonymous),
    State("reinitialisation-erreur", f"/reinitialisation/{LINK}", refusing(identity.RESET_PASSWORD, FAULTY), reset, 422),
    State("reinitialisation-trop-d-essais", f"/reinitialisation/{LINK}", refusing(identity.RESET_PASSWORD, LATER), reset, 429),
    State("reinitialisation-lien-perdu", f"/reinitialisation/{LINK}", refusing(identity.GET_RESET_LINK, errors.LinkInvalid()), status=404),
)  # fmt: skip
EVERYBODY = (
    State("confidentialite", "/confidentialite", anonymous),
    State("confidentialite-a-accepter", "/confidentialite", to_accept),
    State(
        "confidentialite-non-cochee", "/confidentialite", to_accept, press("Accepter et entrer dans mon espace"), 422
    ),
    State("confidentialite-dedans", "/confidentialite", as_it_is),
    State("mentions-legales", "/mentions-legales", anonymous),
    State("mentions-legales-dedans", "/mentions-legales", as_it_is),
    State("accessibilite", "/accessibilite", anonymous),
    State("accessibilite-dedans", "/accessibilite", as_it_is),
)
CONTACT = (
    State("adresse-confirmer", f"/adresse/{LINK}", anonymous),
    State("adresse-confirmee", f"/adresse/{LINK}", anonymous, press("Confirmer cette adresse")),
    State(
        "adresse-lien-perdu", f"/adresse/{LINK}", refusing(identity.GET_CONTACT_LINK, errors.LinkInvalid()), status=404
    ),
)
DOOR = (*CONTACT, *LOGIN, *FIRST_LOGIN, *FORGOTTEN, *EVERYBODY)
