"""Documents, deposits, dossiers and the account (chapters 2, 4 and 5)."""

from datetime import UTC, datetime
from typing import Any

from espace_contracts import documents as api
from espace_contracts import identity
from playwright.sync_api import Page

from tests.doubles.bus import FakeBus
from tests.doubles.documents import DOSSIERS, GENERAL, document, dossier
from tests.doubles.facts import AUDREY, NOW, NURSE, SPACE
from tests.doubles.payments import GUIDE, payment
from tests.pages.state import State, press, send

RUBRIC = "RIB de l’entreprise"
OWN = document("RIB 2020", rubric=RUBRIC, label="RIB 2020", version=2)
FROZEN = document("RIB 2019", rubric=RUBRIC, handling="accepted", changeable=False)
WRONG = document(
    "RIB 2018", rubric=RUBRIC, handling="to_correct", reason="Le document est illisible : déposez une copie nette."
)
SCANNED = document("RIB 2021", rubric=RUBRIC, scan="scanning")
BLOCKED = document("RIB 2022", rubric=RUBRIC, scan="blocked")
THEIRS = document("Informations tarifaires 2020", rubric="Courriers", depositor="funder", depositor_name="Transitions Pro", changeable=False)  # fmt: skip
ADVICE = document(
    "Avis de virement n° 803455", rubric="Avis de virement", category="remittance_advice", depositor="funder",
    depositor_name="Transitions Pro", changeable=False, file_name="avis-803455.pdf", payment_number="803455",
)  # fmt: skip
UNTIL = datetime(2020, 1, 10, tzinfo=UTC)
CHANGES = (
    api.DocumentChange(change="replaced", version=2, by_kind="employer", by_name="paie.tilleuls", at=NOW),
    api.DocumentChange(change="recategorised", version=2, by_kind="employer", by_name="paie.tilleuls", at=NOW),
)


def every_state(bus: FakeBus) -> None:
    """A document in each state, and a long rubric."""
    bus.documents = (OWN, FROZEN, WRONG, SCANNED, BLOCKED, THEIRS, ADVICE)
    listed = bus.list_documents
    bus.list_documents = lambda request: listed(request).model_copy(update={"counts": {"remittance_advice": 24}})


def nothing_deposited(bus: FakeBus) -> None:
    """No document without dossier."""
    bus.documents = ()


def one_rubric(bus: FakeBus) -> None:
    """A page of one rubric, and more behind it."""
    bus.documents = (ADVICE,)
    listed = bus.list_documents
    bus.list_documents = lambda request: listed(request).model_copy(update={"next_cursor": "next"})


def changed(bus: FakeBus) -> None:
    """A document with a history."""
    bus.documents = (OWN.model_copy(update={"changes": CHANGES}), WRONG, FROZEN, THEIRS)


def thrown_away(bus: FakeBus) -> None:
    """One document in the trash."""
    bus.list_deleted_documents = lambda request: api.Documents(
        documents=(OWN.model_copy(update={"restorable_until": UNTIL}),)
    )


def empty_trash(bus: FakeBus) -> None:
    """Nothing in the trash."""
    bus.list_deleted_documents = lambda request: api.Documents(documents=())


def found_too(bus: FakeBus) -> None:
    """The search finds an advice beside the dossiers."""
    found = bus.search_dossiers
    bus.search_dossiers = lambda request: found(request).model_copy(update={"documents": (ADVICE,)})


def no_dossier(bus: FakeBus) -> None:
    """The employer has no dossier yet."""
    bus.search_dossiers = lambda request: api.Dossiers(dossiers=())


def to_correct(bus: FakeBus) -> None:
    """Dossiers, one with something to correct."""
    first = dossier("19GE00565", AUDREY, NURSE, "Institut de formation A", 2)
    listed = (first.model_copy(update={"to_correct_count": 1}), *DOSSIERS[1:])
    bus.search_dossiers = lambda request: api.Dossiers(dossiers=listed, next_cursor="next")


def bare_dossier(bus: FakeBus) -> None:
    """A dossier without money and papers."""
    bus.payments = ()
    bus.get_dossier = lambda request: api.DossierDocuments(dossier=DOSSIERS[0], documents=())


def long_names(bus: FakeBus) -> None:
    """Names as long as the contract lets them be, in every list."""
    long = "Attestation-de-presence-et-d-assiduite-" * 4
    bus.documents = (document(long, rubric="R" * 100, file_name=f"{long}.pdf"),)
    bus.payments = (
        payment("9" * 20, "2019-12-11", "N" * 30, AUDREY, "99999999.99", transfer_reference="T" * 40),
        *GUIDE,
    )
    bus.session = (
        bus.session.model_copy(update={"legal_name": "Association départementale " * 5}) if bus.session else None
    )


def busy_account(bus: FakeBus) -> None:
    """A journal with every action."""
    actions: tuple[Any, ...] = (
        ("login", True), ("login", False), ("logout", True), ("identifier_confirmed", True), ("password_reset", True),
        ("password_reset", False), ("privacy_policy_accepted", True), ("contact_changed", True), ("credentials_reissued", True),
        ("document_deposited", True), ("document_replaced", True), ("document_deleted", True), ("document_restored", True),
        ("payment_unticked", True),
    )  # fmt: skip
    entries = [
        identity.JournalEntry(at=NOW.replace(minute=59 - place), action=action, succeeded=done, who="paie.tilleuls", subject="1")
        for place, (action, done) in enumerate(actions)
    ]  # fmt: skip
    bus.read_journal = lambda request: identity.Journal(entries=tuple(entries))


def choose_file(page: Page) -> None:
    """Choose one file that is too large, without sending it."""
    page.set_input_files(
        "#fichier", {"name": "scan-complet.pdf", "mimeType": "application/pdf", "buffer": b"0" * 1_000_001}
    )


HOME = f"/documents/{OWN.document_id}"
PAYSLIP = "/documents/ajouter?categorie=payslip"
DOCUMENTS = (
    State("documents", "/documents", every_state),
    State("documents-vide", "/documents", nothing_deposited),
    State("documents-rubrique", "/documents?rubrique=remittance_advice", one_rubric),
    State("documents-recherche", "/documents?q=audrey", found_too),
    State("documents-recherche-vide", "/documents?q=introuvable"),
    State("documents-dossier", "/documents/dossiers/19GE00565?q=martin"),
    State("documents-dossier-vide", "/documents/dossiers/19GE00565", bare_dossier),
    State("documents-supprime", "/documents", said={"kind": "document_deleted", "id": str(SPACE), "title": "RIB 2018"}),
    State("documents-retabli", "/documents", said={"kind": "document_restored", "id": str(SPACE), "title": "RIB 2018"}),
    State("documents-modifie", "/documents", said={"kind": "document_modified", "id": str(SPACE), "title": "RIB 2018"}),
    State("documents-corbeille", "/documents/corbeille", thrown_away),
    State("documents-corbeille-vide", "/documents/corbeille", empty_trash),
    State("documents-noms-longs", "/documents", long_names),
    State("depot", "/documents/ajouter"),
    State("depot-categorie", PAYSLIP),
    State("depot-erreur", PAYSLIP, then=send("form[data-upload]", debut="31/02/2019"), status=422),
    State("depot-trop-grand", PAYSLIP, then=choose_file),
    State("depot-confirmation", f"/documents/{GENERAL[0].document_id}/depose"),
    State("documents-modifier", f"{HOME}/modifier", changed),
    State("documents-modifier-a-corriger", f"/documents/{WRONG.document_id}/modifier", changed),
    State("documents-modifier-erreur", f"{HOME}/modifier", changed, send("#remplacer"), 422),
    State("documents-supprimer", f"{HOME}/supprimer", changed),
    State("documents-pris-en-compte", f"/documents/{FROZEN.document_id}/supprimer", changed, status=409),
    State("documents-d-un-autre", f"/documents/{THEIRS.document_id}/modifier", changed, status=403),
)  # fmt: skip
DOSSIERS_STATES = (
    State("dossiers", "/dossiers", to_correct),
    State("dossiers-vide", "/dossiers", no_dossier),
    State("dossiers-recherche-vide", "/dossiers?q=introuvable"),
    State("dossier", "/dossiers/19GE00565"),
    State("dossier-vide", "/dossiers/19GE00565", bare_dossier),
    State("reglements-noms-longs", "/reglements", long_names),
)


def wanted_address(bus: FakeBus) -> None:
    """Another contact address waits for its link."""
    bus.wanted_email = "paie@clinique-des-tilleuls.example"


ACCOUNT = (
    State("compte", "/compte"),
    State("compte-session-fermee", "/compte", said={"kind": "one_closed"}),
    State("compte-sessions-fermees", "/compte", said={"kind": "others_closed"}),
    State("compte-journal", "/compte/journal", busy_account),
    State("compte-journal-erreur", "/compte/journal?du=hier", status=422),
    State("compte-adresse", "/compte/adresse"),
    State("compte-adresse-erreur", "/compte/adresse", then=press("Recevoir le lien", adresse="rh"), status=422),
    State("compte-adresse-demandee", "/compte", wanted_address, said={"kind": "contact_asked"}),
)
