"""Row-level security: the same reads with the policy of requests and without any, raw psycopg on both sides.

The second wall must cost nothing that a person could notice: at most 1.05 times. The setting that names the employer
is sent once a transaction; what that costs a whole call is measured beside.
"""

from typing import Any

import psycopg

from bench import payments_data, private_postgres, results_file
from bench.list import CALLS, ROWS, Subject, raw_sql
from bench.rounds import Work, medians
from chassis.database import Database, engine_for
from services.payments.search import Criteria
from services.payments.store import lists as store

ROUNDS = 9
GOAL = round(1 / 1.05, 3)


def reads(siret: str, policed: psycopg.Connection, free: psycopg.Connection, template: str) -> dict[str, Work]:
    """The same statement as the role of requests, and as the administrator whom no policy holds back."""
    sql, values = raw_sql(template, siret, Criteria())
    values = values | {"rows": 51}
    return {
        "ours": lambda _: policed.execute(sql, values).fetchall(),
        "free": lambda _: free.execute(sql, values).fetchall(),
    }


def calls(database: Database, siret: str) -> dict[str, Work]:
    """A whole transaction of the list's totals: with the setting of the tenant, and without it by the workers' role."""

    def ours(_: int) -> object:
        with database.transaction(siret=siret, snapshot=True) as connection:
            return store.months(connection, siret, Criteria())

    def worker(_: int) -> object:
        with database.work() as connection:
            return store.months(connection, siret, Criteria())

    return {"ours": ours, "free": worker}


def line(name: str, what: str, work: dict[str, Work], *, against: str) -> dict[str, Any]:
    """One comparison."""
    found = medians(work, rounds=ROUNDS, calls=CALLS)
    return results_file.compared(
        name,
        what,
        unit="ms",
        ours=found["ours"],
        reference=found["free"],
        reference_name=against,
        goal=GOAL,
        rounds=ROUNDS,
    )


def main() -> None:
    """Measure on the large table of `bench.list`, print and keep the results."""
    siret = payments_data.middle()
    with private_postgres.running() as server:
        made = server.migrated("payments", "payments_many")
        payments_data.fill(server.admin(made.name), rows=ROWS)
        subject = Subject(made.app_url, siret)
        database = Database(
            service="payments",
            app=engine_for(made.app_url, name="bench-app"),
            worker=engine_for(made.worker_url, name="bench-worker"),
        )
        who = f"employer with {payments_data.MIDDLE} payments of {ROWS}"
        with psycopg.connect(server.admin(made.name), autocommit=True) as free:
            lines = [
                line(f"rls_{name}", f"{what}, {who}", reads(siret, subject.raw, free, sql), against="without policies")
                for name, what, sql in (
                    ("page", "page of 50", store.PAGE),
                    ("month_totals", "totals of all months", store.MONTHS),
                )
            ]
        lines.append(
            line(
                "rls_whole_call",
                f"a transaction with the totals, {who}",
                calls(database, siret),
                against="the workers' role, no setting",
            )
        )
        subject.close()
        database.close()
    results_file.write("rls", lines)


if __name__ == "__main__":
    main()
