"""Documents by the million, generated inside PostgreSQL: 10,000 employers, one with 2,500 documents and 125 dossiers."""

import psycopg
from psycopg import sql

from bench.payments_data import siret_of

EMPLOYERS, MIDDLE = 10_000, 2_500
A_DOSSIER = 20  # documents of one dossier
TABLES = ("document_versions", "documents", "dossiers")

DOSSIERS = """
    insert into dossiers (siret, dossier_number, version, beneficiary_last_name, beneficiary_first_name, training_title,
                          training_provider, period_start, period_end, requested_at, number_key, name_key, created_at)
    select siret, number, 1, 'NOM' || place %% 5000, 'Audrey', 'INFIRMIER BLOC OPERATOIRE', 'Institut A',
           date '2015-01-01' + place %% 4000, date '2015-07-01' + place %% 4000, now(), lower(number),
           ' nom' || place %% 5000 || ' audrey ', now()
    from (select siret, '19GE' || lpad(place::text, 8, '0') as number, place
          from generate_series(1, %(dossiers)s) as place
          join employers on rank = case when place <= %(middle)s then 0 else 1 + place %% (%(employers)s - 1) end) as made
"""
DOCUMENTS = """
    insert into documents (id, siret, category, dossier_number, label, payment_number, payment_key, payment_dossier_key,
                           name_key, depositor_kind, depositor_name, version, handling, deposited_at)
    select md5('document' || place)::uuid, siret,
           case when place %% 3 = 0 then 'remittance_advice' when place %% 3 = 1 then 'payslip' else 'letter' end,
           case when place %% 3 = 0 then null else dossier_number end, 'Document ' || place,
           case when place %% 3 = 0 then place::text end, case when place %% 3 = 0 then place::text end,
           case when place %% 3 = 0 then number_key end, case when place %% 3 = 0 then name_key end,
           'employer', 'Camille Roy', 1, 'received', timestamptz '2015-01-01' + place %% 100000 * interval '1 hour'
    from (select place, 1 + place %% %(dossiers)s as dossier from generate_series(1, %(documents)s) as place) as places
    join numbered using (dossier)
"""
VERSIONS = """
    insert into document_versions (document_id, version, siret, object_key, file_name, media_type, size, sha256, scan,
                                   created_at)
    select id, 1, siret, 'files/' || id, 'fichier.pdf', 'application/pdf', 100000, repeat('0', 64), 'available',
           deposited_at
    from documents
"""


def middle() -> str:
    """The employer that is the same in a small and in a large table."""
    return siret_of(0)


def fill(admin_url: str, *, rows: int) -> None:
    """Make exactly *rows* documents unless they are there already; keys are not checked row by row meanwhile."""
    with psycopg.connect(admin_url, autocommit=True) as connection:
        row = connection.execute("select count(*) from documents").fetchone()
        if row and row[0] == rows:
            return
        connection.execute("set session_replication_role = replica")
        for table in TABLES:
            connection.execute(sql.SQL("delete from {}").format(sql.Identifier(table)))
        connection.execute("create temporary table employers (rank int primary key, siret text not null)")
        with connection.cursor() as cursor, cursor.copy("copy employers from stdin") as copy:
            for rank in range(EMPLOYERS):
                copy.write_row((rank, siret_of(rank)))
        values = {
            "dossiers": rows // A_DOSSIER,
            "middle": MIDDLE // A_DOSSIER,
            "employers": EMPLOYERS,
            "documents": rows,
        }
        client = psycopg.ClientCursor(connection)
        client.execute(DOSSIERS, values)
        client.execute(
            "create temporary table numbered as select row_number() over (order by dossier_number)::int as dossier,"
            " siret, dossier_number, number_key, name_key from dossiers"
        )
        client.execute(DOCUMENTS, values)
        client.execute(VERSIONS, values)
        for table in TABLES:
            connection.execute(sql.SQL("vacuum analyze {}").format(sql.Identifier(table)))
