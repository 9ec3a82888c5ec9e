"""Payments by the million, generated inside PostgreSQL: 30,000 employers, the largest with 20,000 payments."""

from collections.abc import Iterable

import psycopg
from espace_contracts.types import is_siret
from psycopg import sql

EMPLOYERS = 30_000
LARGEST, MIDDLE = 20_000, 2_500  # payments of the two employers that are measured
A_DOSSIER = 12  # payments of one dossier, about
SKEW = 1.8  # the others: few have many thousand payments, most have some dozens
FIRST_DAY, DAYS = "2005-01-01", 7305  # twenty years

INSERT = """
    insert into payments (payment_number, number_key, siret, state, version, revision, facts_version, dossier_number,
                          dossier_key, beneficiary_last_name, beneficiary_first_name, beneficiary_key, training_title,
                          amount, paid_hours, periods, worked_from, worked_to, paid_on, transfer_reference,
                          transfer_key, ticked_at, ticked_by_account, ticked_by_name, recorded_at, changed_at)
    select number, number, siret, 'current', 1, 1, 1, dossier, lower(dossier), 'NOM' || who, 'Audrey',
           ' nom' || who || ' audrey', 'INFIRMIER BLOC OPERATOIRE', amount, 151.67,
           jsonb_build_array(jsonb_build_object('start', day - 60, 'end', day - 31)), day - 60, day - 31, day,
           'TP' || number, 'tp' || number, ticked, case when ticked is null then null else gen_random_uuid() end,
           case when ticked is null then null else 'Camille Petit' end, day, day
    from (
        select (%(first_number)s + place)::text as number, siret,
               (array['19GE', '19XX', '18RCDI', '20CDD'])[1 + place %% 4]
                   || lpad((rank * 1700 + place %% %(dossiers)s)::text, 8, '0') as dossier,
               place %% 5000 as who,
               (1 + (place::bigint * 7919) %% 500000)::numeric / 100 as amount,
               date %(first_day)s + ((place::bigint * 104729) %% %(days)s)::int as day,
               case when place %% 3 = 0 then null else timestamptz '2025-01-01' end as ticked
        from (select place, {rank} as rank from generate_series(1, %(rows)s) as place) as places
        join employers using (rank)
    ) as made
"""
FIXED = "%(rank)s"
SPREAD = "2 + floor((%(employers)s - 2) * power((place * 0.6180339887498949)::numeric %% 1, %(skew)s))::int"


def siret_of(rank: int) -> str:
    """A SIRET that passes the Luhn check, another for every rank."""
    start = f"{200_000_000 + rank}0001"
    return next(start + str(digit) for digit in range(10) if is_siret(start + str(digit)))


def largest() -> str:
    """The employer with the most payments."""
    return siret_of(0)


def middle() -> str:
    """The employer that is the same in a small and in a large table."""
    return siret_of(1)


def fill(admin_url: str, *, rows: int) -> None:
    """Make exactly *rows* payments unless they are there already; indexes are built afterwards."""
    with psycopg.connect(admin_url, autocommit=True) as connection:
        if _count(connection) == rows:
            return
        connection.execute("truncate payments")
        indexes = connection.execute(
            "select indexname, indexdef from pg_indexes where tablename = 'payments' and indexname <> 'payments_pkey'"
        ).fetchall()
        for name, _ in indexes:
            connection.execute(sql.SQL("drop index {}").format(sql.Identifier(name)))
        _insert(connection, rows)
        for _, definition in indexes:
            connection.execute(definition)
        connection.execute("vacuum analyze payments")


def _count(connection: psycopg.Connection) -> int:
    row = connection.execute("select count(*) from payments").fetchone()
    return row[0] if row else 0


def _insert(connection: psycopg.Connection, rows: int) -> None:
    _employers(connection, (siret_of(rank) for rank in range(EMPLOYERS)))
    big = min(LARGEST, rows // 5)
    number = 1_000_000
    for rank, count in ((0, big), (1, MIDDLE), (None, rows - big - MIDDLE)):
        _pay(connection, rank, count, number=number)
        number += count


def pay(connection: psycopg.Connection, siret: str, *, count: int) -> None:
    """*count* payments to the employer *siret*, in a table that knows none of `fill`."""
    _employers(connection, (siret,))
    _pay(connection, 0, count, number=1_000_000)


def _employers(connection: psycopg.Connection, sirets: Iterable[str]) -> None:
    connection.execute("create temporary table employers (rank int primary key, siret text not null)")
    with connection.cursor() as cursor, cursor.copy("copy employers from stdin") as copy:
        for row in enumerate(sirets):
            copy.write_row(row)


def _pay(connection: psycopg.Connection, rank: int | None, count: int, *, number: int) -> None:
    """*count* payments to the employer of this rank, or spread over all but the first two."""
    values = {
        "first_number": number,
        "rows": count,
        "employers": EMPLOYERS,
        "dossiers": A_DOSSIER if rank is None else count // A_DOSSIER,
        "first_day": FIRST_DAY,
        "days": DAYS,
        "skew": SKEW,
        "rank": rank,
    }
    # the server knows no parameter's type before it runs: the client writes the values into the text
    with psycopg.ClientCursor(connection) as cursor:
        cursor.execute(INSERT.format(rank=SPREAD if rank is None else FIXED), values)
