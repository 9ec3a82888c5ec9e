"""List, search and totals at 5,000,000 payments: the store's own functions beside raw psycopg running the same SQL.

Goals: at most 1.3 times raw; at most 1.2 times as long in 5,000,000 rows as in 50,000 for the same employer.
`ESPACE_BENCH_ROWS` makes the large table smaller for a trial.
"""

import os
import random
from collections.abc import Callable, Sequence
from typing import Any

import psycopg
from espace_contracts import payments as api
from sqlalchemy import Connection, text

from bench import payments_data, private_postgres, results_file
from bench.rounds import Work, medians
from chassis.database import engine_for
from services.payments.search import Criteria, read_search
from services.payments.store import lists as store
from services.payments.store.searches import conditions_of, query
from services.payments.usecases.lists import list_payments

ROWS, FEW_ROWS = int(os.environ.get("ESPACE_BENCH_ROWS", "5000000")), 50_000
ROUNDS, CALLS = 7, 100
PAGE_ROWS = 51  # a page of 50 and one more, which tells whether another page follows
SAMPLE = text(
    "select payment_number, dossier_number from payments where siret = :siret order by payment_number limit 500"
)


def raw_sql(template: str, siret: str, criteria: Criteria) -> tuple[str, dict[str, Any]]:
    """The store's query as psycopg takes it."""
    conditions, values = conditions_of(siret, criteria)
    return query(template, conditions), values


class Subject:
    """One employer in one database: ours and raw, both as the role of requests, under row-level security."""

    def __init__(self, app_url: str, siret: str) -> None:
        self.siret = siret
        self.ours: Connection = engine_for(app_url, name="bench").connect()
        self.ours.execution_options(isolation_level="AUTOCOMMIT")  # as raw, and never idle in a transaction
        self.ours.execute(text("select set_config('app.siret', :siret, false)"), {"siret": siret})
        self.raw = psycopg.connect(app_url, autocommit=True)
        self.raw.execute("select set_config('app.siret', %s, false)", (siret,))
        found = self.ours.execute(SAMPLE, {"siret": siret}).all()
        random.Random(7).shuffle(found)
        self.numbers = [row.payment_number for row in found]
        self.dossiers = [row.dossier_number for row in found]

    def close(self) -> None:
        """Let go of both connections."""
        self.ours.close()
        self.raw.close()

    def searches(self, texts: Sequence[str]) -> list[Criteria]:
        """Criteria of the box."""
        return [read_search(api.PaymentSearch(text=one)) for one in texts] or [Criteria()]

    def page(self, texts: Sequence[str]) -> dict[str, Work]:
        """A page of 50 of each search in turn."""
        criteria = self.searches(texts)
        raw = [raw_sql(store.PAGE, self.siret, one) for one in criteria]

        def ours(place: int) -> object:
            return store.page(self.ours, self.siret, criteria[place % len(criteria)], after=None, rows=PAGE_ROWS)

        def floor(place: int) -> object:
            sql, values = raw[place % len(raw)]
            return self.raw.execute(sql, values | {"rows": PAGE_ROWS}).fetchall()

        return {"ours": ours, "raw": floor}

    def months(self) -> dict[str, Work]:
        """The totals of all months."""
        sql, values = raw_sql(store.MONTHS, self.siret, Criteria())
        return {
            "ours": lambda _: store.months(self.ours, self.siret, Criteria()),
            "raw": lambda _: self.raw.execute(sql, values).fetchall(),
        }

    def use_case(self) -> dict[str, Work]:
        """What one call of the list does, beside its statements alone."""
        request = api.ListPayments(siret=self.siret, limit=PAGE_ROWS - 1)
        months, page = self.months()["raw"], self.page(())["raw"]
        return {
            "ours": lambda _: list_payments(self.ours, request).model_dump(mode="json"),
            "raw": lambda place: (months(place), page(place)),
        }


def against_raw(subject: Subject, label: str) -> list[dict[str, Any]]:
    """The store's functions beside raw psycopg."""
    works: list[tuple[str, str, dict[str, Work]]] = [
        ("list_page", "page of 50", subject.page(())),
        ("list_by_dossier", "a dossier's payments", subject.page(subject.dossiers)),
        ("list_by_number", "one payment by its number", subject.page(subject.numbers)),
        ("list_month_totals", "totals of all months", subject.months()),
    ]
    return [_line(name, f"{what}, {label}", work, goal=1 / 1.3) for name, what, work in works]


def _line(name: str, what: str, work: dict[str, Work], *, goal: float) -> dict[str, Any]:
    found = medians(work, rounds=ROUNDS, calls=CALLS)
    return results_file.compared(
        name,
        what,
        unit="ms",
        ours=found["ours"],
        reference=found["raw"],
        reference_name="raw psycopg, the same SQL",
        goal=round(goal, 2),
        rounds=ROUNDS,
    )


def by_size(few: Subject, many: Subject) -> list[dict[str, Any]]:
    """The same employer in a small and in a large table."""
    works: list[tuple[str, Callable[[Subject], Work]]] = [
        ("page", lambda subject: subject.page(())["ours"]),
        ("by_dossier", lambda subject: subject.page(subject.dossiers)["ours"]),
        ("by_number", lambda subject: subject.page(subject.numbers)["ours"]),
        ("month_totals", lambda subject: subject.months()["ours"]),
    ]
    lines = []
    for name, work in works:
        found = medians({"few": work(few), "many": work(many)}, rounds=ROUNDS, calls=CALLS)
        lines.append(
            results_file.compared(
                f"list_{name}_at_scale",
                f"{name} of an employer with {payments_data.MIDDLE} payments among {ROWS} rows",
                unit="ms",
                ours=found["many"],
                reference=found["few"],
                reference_name=f"the same among {FEW_ROWS} rows",
                goal=round(1 / 1.2, 2),
                rounds=ROUNDS,
            )
        )
    return lines


def main() -> None:
    """Generate what is missing, measure, print and keep the results."""
    with private_postgres.running() as server:
        urls = {}
        for name, rows in (("few", FEW_ROWS), ("many", ROWS)):
            made = server.migrated("payments", f"payments_{name}")
            payments_data.fill(server.admin(made.name), rows=rows)
            urls[name] = made.app_url
        few = Subject(urls["few"], payments_data.middle())
        many = Subject(urls["many"], payments_data.middle())
        largest = Subject(urls["many"], payments_data.largest())
        lines = against_raw(many, f"employer with {payments_data.MIDDLE} payments of {ROWS}")
        lines.append(
            _line("list_use_case", "the whole call: totals, page, answer as JSON", many.use_case(), goal=1 / 1.3)
        )
        totals = f"totals of all months, employer with {payments_data.LARGEST} payments"
        lines.append(_line("list_month_totals_largest", totals, largest.months(), goal=1 / 1.3))
        lines += by_size(few, many)
        for subject in (few, many, largest):
            subject.close()
    results_file.write("list", lines)


if __name__ == "__main__":
    main()
