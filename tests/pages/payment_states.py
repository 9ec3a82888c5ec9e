"""Home and Règlements (chapter 3)."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from espace_contracts import errors, payments
from playwright.sync_api import Page, expect

from tests.doubles.bus import FakeBus
from tests.doubles.documents import document, dossier
from tests.doubles.facts import AUDREY, DUPUIS, NOW, NURSE, THEO, span
from tests.doubles.identity import session
from tests.doubles.payments import GUIDE, payment
from tests.pages.state import State, click

JOB = UUID(int=7)
TICK = payments.Tick(at=NOW, by="paie.tilleuls")
SHARED = {"transfer_reference": "TP20191121", "transfer_amount": Decimal("6109.26"), "transfer_count": 2}
TWICE = (
    payment("805001", "2019-11-05", "18RCDI4786", DUPUIS, "4000.00"),
    payment("805002", "2019-11-05", "18RCDI4786", DUPUIS, "4661.36", periods=(span("2019-08-01", "2019-08-31"),)),
)
VOID = payment(
    "804900", "2019-11-28", "19GE00565", AUDREY, "1020.30",
    state="cancelled", cancelled_on=date(2019, 12, 2), cancellation_reason="Virement rejeté par la banque",
)  # fmt: skip
BACK = payment("804901", "2019-11-28", "19XX00565", THEO, "-102.30", corrects="803103", untick_reason="amount")


def nothing_paid(bus: FakeBus) -> None:
    """No payment was ever recorded."""
    bus.payments = ()


def half_ticked(bus: FakeBus) -> None:
    """A shared transfer, a row of two payments, a cancelled and a negative one; some are ticked."""
    shared = [one.model_copy(update=SHARED) if one.paid_on == date(2019, 11, 21) else one for one in GUIDE]
    bus.payments = (*shared, *TWICE, VOID, BACK)
    bus.ticks = {"803102": TICK, "803103": TICK, "803090": TICK, "805001": TICK}


def all_ticked(bus: FakeBus) -> None:
    """Nothing is left to tick."""
    bus.ticks = {one.payment_number: TICK for one in bus.payments}


def many(bus: FakeBus) -> None:
    """A full page of a hundred payments, and more behind it."""
    made = []
    for number in range(100):
        day = date(2019, 12 - number // 12, 28 - number % 12)
        who, key = ((AUDREY, "19GE00565"), (THEO, "19XX00565"), (DUPUIS, "18RCDI4786"))[number % 3]
        made.append(payment(str(900_000 + number), day.isoformat(), key, who, f"{2000 + number * 7}.{number:02d}"))
    bus.payments = tuple(made)
    listed = bus.list_payments
    bus.list_payments = lambda request: listed(request).model_copy(update={"next_cursor": "next"})


def in_the_making(state: str, done: int) -> Callable[[FakeBus], None]:
    """A long export, so far."""

    def prepare(bus: FakeBus) -> None:
        file = payments.ExportedFile(
            url="http://127.0.0.1/x", file_name="Règlements Clinique des Tilleuls 2019-12-12.xlsx",
            media_type="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", size=6_400_000,
        )  # fmt: skip
        known = {"file": file} if state == "ready" else {}
        bus.export = payments.Export(state=state, job_id=JOB, done=done, total=150_000, **known)

    return prepare


def exporting(state: str, done: int) -> State:
    """The page of a long export."""
    return State(f"reglements-export-{state}", f"/reglements/exports/{JOB}", in_the_making(state, done))


def too_many(bus: FakeBus) -> None:
    """More payments than an Excel sheet has rows."""
    bus.refuse(payments.EXPORT_PAYMENTS, errors.InvalidRequest("too many", "format"))


def open_rows(page: Page) -> None:
    """The row of two payments, and the first of one."""
    page.locator("summary", has_text="18RCDI4786").first.click()
    page.locator(".opener summary").first.click()


def tick_first(page: Page) -> None:
    """Tick the first payment."""
    page.locator(".tick input").first.check()
    expect(page.locator("#etat")).to_contain_text("pointé")


def expected(bus: FakeBus) -> None:
    """Two dossiers with something to correct, and a document that came."""
    half_ticked(bus)
    faulty = [
        dossier(number, who, NURSE, "Institut de formation A", 3).model_copy(update={"to_correct_count": count})
        for number, who, count in (("19GE00565", AUDREY, 2), ("18RCDI4786", DUPUIS, 1))
    ]
    found = bus.search_dossiers
    bus.search_dossiers = lambda request: found(request).model_copy(update={"dossiers": tuple(faulty)})
    bus.documents = (*bus.documents, document("RIB 2018", rubric="RIB de l’entreprise", handling="to_correct"))


def nothing_at_all(bus: FakeBus) -> None:
    """An employer of whom nothing is known yet."""
    nothing_paid(bus)
    bus.documents = ()
    found = bus.search_dossiers
    bus.search_dossiers = lambda request: found(request).model_copy(update={"dossiers": ()})


def ends_soon(bus: FakeBus) -> None:
    """A session that ends in a minute."""
    soon = datetime.now(UTC) + timedelta(seconds=60)
    bus.session = session().model_copy(update={"idle_expires_at": soon})


HOME = (
    State("accueil-session", "/accueil", ends_soon, scripted=True),
    State("accueil", "/accueil", half_ticked),
    State("accueil-attendu", "/accueil", expected),
    State("accueil-tout-pointe", "/accueil", all_ticked),
    State("accueil-vide", "/accueil", nothing_at_all),
    State("accueil-menu-ouvert", "/accueil", then=click(".account > summary")),
)
PAYMENTS = (
    State("reglements", "/reglements", half_ticked),
    State("reglements-cent", "/reglements", many),
    State("reglements-suite", "/reglements?curseur=abc", many),
    State("reglements-lignes-ouvertes", "/reglements", half_ticked, open_rows),
    State("reglements-vide", "/reglements", nothing_paid),
    State("reglements-recherche", "/reglements?du=01/10/2019&au=31/12/2019&q=18RCDI&travaille_du=01/07/2019", half_ticked),
    State("reglements-rien-trouve", "/reglements?q=806999&du=01/10/2019"),
    State("reglements-date-fausse", "/reglements?du=31/02/2019&au=hier", status=422),
    State("reglements-a-pointer", "/reglements?pointe=non", half_ticked),
    State("reglements-tout-pointe", "/reglements", all_ticked),
    State("reglements-rien-a-pointer", "/reglements?pointe=non", all_ticked),
    State("reglements-un-pointe", "/reglements", half_ticked, tick_first, scripted=True),
    State("reglements-dit-pointe", "/reglements", said={"kind": "ticked", "number": "803455"}),
    State("reglements-dit-lot", "/reglements", all_ticked, said={"kind": "batch_ticked", "count": 8, "batch": str(JOB), "left": 1200}),
    exporting("running", 40_000),
    exporting("ready", 150_000),
    exporting("failed", 40_000),
    State("reglements-fichiers", "/reglements/exports", in_the_making("ready", 150_000)),
    State("reglements-fichiers-en-cours", "/reglements/exports", in_the_making("running", 40_000)),
    State("reglements-fichiers-aucun", "/reglements/exports"),
    State("reglements-fichier-trop-long", "/reglements/export.xlsx", too_many, status=422),
    State("reglements-sans-avis", "/reglements/999999/avis", status=404),
    State("reglements-dit-arrives", "/reglements", half_ticked, said={"kind": "batch_ticked", "count": 8, "left": 0, "batch": str(JOB), "newer": 2}),
)  # fmt: skip
