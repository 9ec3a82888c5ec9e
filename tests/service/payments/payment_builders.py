"""Messages of the funder for the tests: the guide's screen, and payments made up one by one."""

from datetime import UTC, datetime
from uuid import UUID

from espace_contracts import payments as api
from espace_contracts.funder import PaymentCancelled, PaymentIssued
from espace_contracts.types import Actor

NOW = datetime(2020, 3, 1, 12, 0, tzinfo=UTC)
CLINIC = "73282932000074"
NEIGHBOUR = "55210055400013"
CAMILLE = Actor(account_id=UUID(int=1), name="Camille Petit")
MARTIN, NGUYEN, DUPUIS = ("MARTIN", "Audrey"), ("NGUYEN", "Théo"), ("DUPUIS", "Audrey")

# number, dossier, beneficiary, paid on, amount, hours, periods: what is behind the picture of the guide
GUIDE = (
    ("806112", "19GE00565", MARTIN, "2019-12-11", "2764.94", "151.67", [("2019-11-01", "2019-11-30")]),
    ("806113", "19XX00565", NGUYEN, "2019-12-11", "2764.94", "151.67", [("2019-11-01", "2019-11-30")]),
    ("804871", "19GE00565", MARTIN, "2019-11-21", "3054.63", "151.67", [("2019-10-01", "2019-10-31")]),
    ("804872", "19XX00565", NGUYEN, "2019-11-21", "3054.63", "151.67", [("2019-10-01", "2019-10-31")]),
    ("803455", "18RCDI4786", DUPUIS, "2019-10-31", "3826.63", "151.67", [("2019-09-01", "2019-09-30")]),
    ("803102", "19GE00565", MARTIN, "2019-10-21", "2816.51", "140.00", [("2019-09-02", "2019-09-30")]),
    ("803103", "19XX00565", NGUYEN, "2019-10-21", "2816.51", "140.00", [("2019-09-02", "2019-09-30")]),
    (
        "803090",
        "18RCDI4786",
        DUPUIS,
        "2019-10-14",
        "8661.36",
        "303.34",
        [("2019-07-01", "2019-07-31"), ("2019-08-01", "2019-08-31")],
    ),
)


def issued(payment_number="900001", **changes):
    """A payment of the clinic, with *changes*; dates and amounts as on the bus."""
    stated = {
        "payment_number": payment_number,
        "version": 1,
        "siret": CLINIC,
        "dossier_number": "20GE00001",
        "beneficiary": {"last_name": "MARTIN-LÉVÊQUE", "first_name": "Zoé"},
        "training_title": "CADRE DE SANTÉ",
        "amount": "100.00",
        "currency": "EUR",
        "paid_hours": "10.00",
        "periods": [{"start": "2020-01-01", "end": "2020-01-31"}],
        "paid_on": "2020-02-10",
        "transfer_reference": f"TP20200210-{payment_number}",
    }
    return PaymentIssued.model_validate(stated | changes)


def cancelled(payment_number="900001", **changes):
    """The cancellation of such a payment."""
    stated = {"payment_number": payment_number, "version": 2, "siret": CLINIC, "cancelled_on": "2020-02-20"}
    return PaymentCancelled.model_validate(stated | {"reason": "Virement rejeté par la banque"} | changes)


def guide_payments():
    """The payments of the guide's screen."""
    return [
        issued(
            number,
            dossier_number=dossier,
            beneficiary={"last_name": last_name, "first_name": first_name},
            training_title="CONDUCTEUR DE TRAVAUX BTP" if last_name == "NGUYEN" else "INFIRMIER BLOC OPERATOIRE",
            amount=amount,
            paid_hours=hours,
            periods=[{"start": start, "end": end} for start, end in periods],
            paid_on=paid_on,
            transfer_reference=f"TP{paid_on.replace('-', '')}-{number}",
        )
        for number, dossier, (last_name, first_name), paid_on, amount, hours, periods in GUIDE
    ]


def search(**criteria):
    """The criteria of a search."""
    return api.PaymentSearch.model_validate(criteria)


def ticking(*numbers, siret=CLINIC, actor=CAMILLE):
    """A request to mark."""
    return api.TickPayments(siret=siret, actor=actor, payment_numbers=numbers)


def unticking(*numbers, siret=CLINIC, actor=CAMILLE):
    """A request to remove the marks."""
    return api.UntickPayments(siret=siret, actor=actor, payment_numbers=numbers)
