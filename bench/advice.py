"""Remittance advices: pages of PDF a second and core, drawn as the service draws them (S34)."""

import time

from bench import results_file
from services.documents.advice import AdviceFacts, draw

ROUNDS = 200
GOAL_MS = 100.0  # a person who opens one waits for it


def facts(number: int) -> AdviceFacts:
    """A payment of the guide's screen, each with a number of its own: nothing is drawn from memory."""
    return AdviceFacts.model_validate(
        {
            "siret": "73282932000074",
            "payment_number": str(800_000 + number),
            "state": "current",
            "dossier_number": f"19GE{number:05d}",
            "beneficiary": {"last_name": "MARTIN", "first_name": "Audrey"},
            "training_title": "INFIRMIER BLOC OPERATOIRE",
            "amount": f"{2000 + number}.94",
            "paid_hours": "151.67",
            "periods": [{"start": "2019-11-01", "end": "2019-11-30"}],
            "paid_on": "2019-12-11",
            "transfer_reference": f"TP20191211-{number}",
            "funder": {"name": "Transitions Pro Grand Est", "email": "contact@transitionspro-ge.example"},
        }
    )


def main() -> None:
    """Measure, print and keep the result."""
    began = time.perf_counter()
    draw(facts(0))
    first = 1000 * (time.perf_counter() - began)
    wall, cpu = time.perf_counter(), time.process_time()
    size = sum(len(draw(facts(number))) for number in range(1, ROUNDS + 1))
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    a_page = 1000 * cpu / ROUNDS
    line = results_file.compared(
        "advice",
        f"a tagged page of PDF/UA-1, CPU ({ROUNDS / cpu:.1f} pages a second and core, {ROUNDS / wall:.1f} by the clock, "
        f"the first after {first:.0f} ms, {size // ROUNDS} bytes each)",
        unit="ms",
        ours=round(a_page, 2),
        reference=GOAL_MS,
        reference_name="what a person may wait for",
        goal=1.0,
        rounds=ROUNDS,
    )
    results_file.write("advice", [line])


if __name__ == "__main__":
    main()
