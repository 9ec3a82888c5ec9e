"""Lists and search at 1,000,000 documents: the store's own functions beside raw psycopg running the same SQL.

Goals as for payments: at most 1.3 times raw, at most 1.2 times as long in 1,000,000 rows as in 20,000 for the same
employer. `ESPACE_BENCH_ROWS` makes the large table smaller for a trial.
"""

import os
from collections.abc import Callable
from typing import Any

import psycopg
from sqlalchemy import Connection, event, text

from bench import documents_data, private_postgres, results_file
from bench.rounds import Work, medians
from chassis.database import engine_for
from services.documents.store import documents as store
from services.documents.store import dossiers as dossier_store

ROWS, FEW_ROWS = int(os.environ.get("ESPACE_BENCH_ROWS", "1000000")), 20_000
ROUNDS, CALLS = 7, 60
CATEGORIES = ("payslip", "letter", "remittance_advice", "invoice")
NEWEST, PAGE, DOSSIER = 10, 51, 500  # what the tab, a rubric's page and a dossier ask for

Ask = Callable[["Subject"], object]
WAYS: dict[str, tuple[str, Ask]] = {
    "tab": ("the tab: the newest of each rubric", lambda one: one.tab()),
    "page": ("a rubric's page of 50", lambda one: one.page()),
    "counts": ("how many in each rubric", lambda one: one.counts()),
    "dossier": ("a dossier's documents", lambda one: one.dossier()),
    "by_number": ("dossiers by number, with their counts", lambda one: one.find(one.number)),
    "by_name": ("dossiers by beneficiary, with their counts", lambda one: one.find(f"audrey {one.name}")),
    "outside": ("what stands in no dossier, by beneficiary", lambda one: one.outside()),
    "quota": ("how much the employer keeps", lambda one: one.quota()),
}


class Subject:
    """One employer in one database: ours and raw, both as the role of requests, under row-level security."""

    def __init__(self, app_url: str) -> None:
        self.siret = documents_data.middle()
        engine = engine_for(app_url, name="bench")
        self.ours: Connection = engine.connect()
        self.ours.execution_options(isolation_level="AUTOCOMMIT")  # as raw, and never idle in a transaction
        self.ours.execute(text("select set_config('app.siret', :siret, false)"), {"siret": self.siret})
        self.raw = psycopg.connect(app_url, autocommit=True)
        self.raw.execute("select set_config('app.siret', %s, false)", (self.siret,))
        row = self.raw.execute("select dossier_number, name_key from dossiers order by 1 limit 1").fetchone()
        self.number, self.name = (row[0], row[1].split()[0]) if row else ("", "")
        self._sent: list[tuple[str, Any]] = []
        event.listen(engine, "before_cursor_execute", self._note)

    def _note(self, _connection: Any, _cursor: Any, statement: str, values: Any, *_: Any) -> None:
        self._sent.append((statement, values))

    def close(self) -> None:
        """Let go of both connections."""
        self.ours.close()
        self.raw.close()

    def tab(self) -> object:
        """The newest documents of each category."""
        return store.newest_of_each(self.ours, self.siret, categories=CATEGORIES, limit=NEWEST)

    def page(self) -> object:
        """One rubric."""
        return store.employer_documents(self.ours, self.siret, categories=["remittance_advice"], after=None, limit=PAGE)

    def counts(self) -> object:
        """All rubrics."""
        return store.count_by_category(self.ours, self.siret)

    def dossier(self) -> object:
        """One dossier."""
        return store.dossier_documents(self.ours, self.siret, self.number, hidden=(), limit=DOSSIER)

    def find(self, words: str) -> object:
        """The search."""
        return dossier_store.find_dossiers(self.ours, self.siret, text=words, hidden=(), after=None, limit=PAGE)

    def outside(self) -> object:
        """The search's other half."""
        return dossier_store.find_outside(self.ours, self.siret, text=f"audrey {self.name}", hidden=(), limit=PAGE)

    def quota(self) -> object:
        """Asked at each deposit."""
        return store.used_bytes(self.ours, self.siret)

    def raw_of(self, ask: Ask) -> Work:
        """The same statement with the same values by psycopg alone."""
        self._sent.clear()
        ask(self)
        ((statement, values),) = self._sent
        return lambda _: self.raw.execute(statement, values).fetchall()


def _against_raw(subject: Subject) -> list[dict[str, Any]]:
    lines = []
    for name, (what, ask) in WAYS.items():
        work: dict[str, Work] = {"ours": lambda _, ask=ask: ask(subject), "raw": subject.raw_of(ask)}  # type: ignore[misc] # bound at once
        found = medians(work, rounds=ROUNDS, calls=CALLS)
        lines.append(
            results_file.compared(
                f"documents_{name}",
                f"{what}, employer with {documents_data.MIDDLE} documents of {ROWS}",
                unit="ms",
                ours=found["ours"],
                reference=found["raw"],
                reference_name="raw psycopg, the same SQL",
                goal=round(1 / 1.3, 2),
                rounds=ROUNDS,
            )
        )
    return lines


def _by_size(few: Subject, many: Subject) -> list[dict[str, Any]]:
    lines = []
    for name, (what, ask) in WAYS.items():
        work: dict[str, Work] = {"few": lambda _, ask=ask: ask(few), "many": lambda _, ask=ask: ask(many)}  # type: ignore[misc] # bound at once
        found = medians(work, rounds=ROUNDS, calls=CALLS)
        lines.append(
            results_file.compared(
                f"documents_{name}_at_scale",
                f"{what}, of the same employer among {ROWS} rows",
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
        subjects = []
        for name, rows in (("few", FEW_ROWS), ("many", ROWS)):
            made = server.migrated("documents", f"documents_{name}")
            documents_data.fill(server.admin(made.name), rows=rows)
            subjects.append(Subject(made.app_url))
        few, many = subjects
        lines = _against_raw(many) + _by_size(few, many)
        for subject in subjects:
            subject.close()
    results_file.write("documents", lines)


if __name__ == "__main__":
    main()
