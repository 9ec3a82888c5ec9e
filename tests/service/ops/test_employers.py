"""One employer's data are handed out whole and erased whole; its neighbour's are not touched (GDPR, K38)."""

import json
from pathlib import Path
from typing import Any

import kombu
import psycopg
import pytest
from click.testing import CliRunner
from psycopg import sql
from sqlalchemy import MetaData, Table

from ops.backup.buckets import store_of
from ops.cli import main
from ops.employers.rows import Person, TableUnknown, tables_of
from ops.migrate import bucket_of
from services.payments.usecases import recording, ticks
from tests.service.documents.documents_world import OTHER, TILLEULS, World, event_of, funding_request
from tests.service.identity.front_desk import FrontDesk
from tests.service.ops.test_backup import Kept
from tests.service.payments.payment_builders import CAMILLE, NOW, issued, ticking

SERVICES = ("identity", "payments", "documents")


def espace(portal: dict[str, str], *arguments: str) -> Any:
    result = CliRunner().invoke(main, [*arguments, "--json"], env=portal, catch_exceptions=False)
    return result, json.loads(result.stdout) if result.exit_code == 0 else None


@pytest.fixture
def lived_in(portal: dict[str, str]) -> dict[str, str]:
    """Two employers that have logged in, been paid, ticked, and deposited a file."""
    kept = Kept(portal)
    for siret, number, mail in ((TILLEULS, "900001", "rh@clinique.example"), (OTHER, "900009", "rh@autre.example")):
        with kept.open("identity") as identity:
            desk = FrontDesk(identity)
            desk.funding_request(siret=siret, email=mail, number=f"19GE{number}")
            with identity.work() as connection:
                account = connection.exec_driver_sql(
                    "select account_id from account_access where siret = %s", (siret,)
                ).scalar_one()
                connection.exec_driver_sql(
                    "insert into sessions (id, token_hash, account_id, siret, opened_at, last_seen_at, idle_expires_at,"
                    " absolute_expires_at, remote_address, user_agent) values (gen_random_uuid(), %s, %s, %s, now(),"
                    " now(), now(), now(), '192.0.2.7', 'Firefox')",
                    (f"hash-{siret}", account, siret),
                )
        with kept.open("payments") as payments:
            with payments.work() as connection:
                recording.record(connection, [issued(number, siret=siret)], now=NOW)
            with payments.transaction(siret=siret) as connection:
                ticks.tick(connection, ticking(number, siret=siret), now=NOW)
        with kept.open("documents") as documents:
            world = World(documents, kept.files)
            world.service().record_funding_request(event_of(funding_request("19GE00565", siret=siret), time=world.now))
            world.deposit(siret=siret)
    return portal


def rows_that_mention(portal: dict[str, str], *words: str) -> dict[str, int]:
    """How many rows of each table hold one of *words* in any column, secrets and texts included."""
    found = {}
    for service in SERVICES:
        with psycopg.connect(portal[f"{service.upper()}_OWNER_DATABASE_URL"]) as connection:
            tables = connection.execute("select tablename from pg_tables where schemaname = 'public'").fetchall()
            for (table,) in tables:
                query = sql.SQL("select one::text from {} one").format(sql.Identifier(table))
                rows = [row[0] for row in connection.execute(query)]
                if count := sum(any(word in row for word in words) for row in rows):
                    found[f"{service}.{table}"] = count
    return found


def accounts_of(portal: dict[str, str], siret: str) -> list[str]:
    with Kept(portal).open("identity") as identity, identity.work() as connection:
        query = "select account_id::text from account_access where siret = %s"
        return list(connection.exec_driver_sql(query, (siret,)).scalars())


def bury(portal: dict[str, str], siret: str) -> None:
    body = {"id": f"of-{siret}", "data": {"siret": siret}}
    with kombu.Connection(portal["OPS_RABBITMQ_URL"], transport_options={"confirm_publish": True}) as connection:
        kombu.Producer(connection.channel()).publish(
            body, exchange="payments.delivery", routing_key="payments.PaymentIssued.v1.dead", delivery_mode=2
        )


def test_k38_export_holds_every_service_and_file_and_no_secret(lived_in: dict[str, str], tmp_path: Path) -> None:
    result, told = espace(lived_in, "employers", "export", TILLEULS, str(tmp_path))
    assert result.exit_code == 0, result.output
    written = {service: json.loads((tmp_path / f"{service}.json").read_text()) for service in SERVICES}
    everything = json.dumps(written, ensure_ascii=False)
    assert OTHER not in everything
    assert "rh@autre.example" not in everything
    assert [one["legal_name"] for one in written["identity"]["employers"]] == ["Clinique des Tilleuls"]
    assert written["identity"]["sessions"][0]["remote_address"] == "192.0.2.7"
    assert f"hash-{TILLEULS}" not in everything
    assert {"password_hash", "token_hash", "secret"}.isdisjoint(written["identity"]["accounts"][0])
    assert written["payments"]["payments"][0]["ticked_by_name"] == CAMILLE.name
    (version,) = written["documents"]["document_versions"]
    assert (tmp_path / version["file"]).stat().st_size == version["size"]
    assert told["files"] == 1
    assert rows_that_mention(lived_in, "employer_exported") == {"identity.audit_log": 1}


def test_k38_erased_employer_is_nowhere_and_its_neighbour_is_whole(lived_in: dict[str, str]) -> None:
    (account,) = accounts_of(lived_in, TILLEULS)
    neighbour = rows_that_mention(lived_in, OTHER, *accounts_of(lived_in, OTHER))
    bury(lived_in, TILLEULS)
    bury(lived_in, OTHER)
    assert rows_that_mention(lived_in, TILLEULS)
    result, told = espace(lived_in, "employers", "erase", TILLEULS, "--yes")
    assert result.exit_code == 0, result.output
    assert (told["files"], told["dead_letters"]) == (2, 1), "the deposit's key and the document's are one object"
    left = rows_that_mention(lived_in, TILLEULS, account, "rh@clinique.example")
    assert set(left) == {"identity.audit_log"}
    with Kept(lived_in).open("identity") as identity, identity.work() as connection:
        lines = connection.exec_driver_sql(
            "select action, account_id, remote_address, details from audit_log where siret = %s", (TILLEULS,)
        ).all()
    assert {line.action for line in lines} == {"account_created", "employer_erased"}
    assert all(line.account_id is None and line.remote_address is None for line in lines)
    assert rows_that_mention(lived_in, OTHER, *accounts_of(lived_in, OTHER)) == neighbour
    assert len(list(store_of(bucket_of("documents", lived_in)).keys())) == 1
    again, _ = espace(lived_in, "employers", "erase", TILLEULS, "--yes")
    assert again.exit_code == 1
    assert "Nothing is kept" in again.output


def test_k38_person_of_two_employers_keeps_the_account_when_one_is_erased(lived_in: dict[str, str]) -> None:
    (account,) = accounts_of(lived_in, TILLEULS)
    with Kept(lived_in).open("identity") as identity, identity.work() as connection:
        connection.exec_driver_sql(
            "insert into account_access (account_id, siret, granted_at) values (%s, %s, now())", (account, OTHER)
        )
    result, _ = espace(lived_in, "employers", "erase", TILLEULS, "--yes")
    assert result.exit_code == 0, result.output
    assert account in accounts_of(lived_in, OTHER)
    assert accounts_of(lived_in, TILLEULS) == []


def test_k38_table_that_nobody_has_thought_of_stops_an_erasure() -> None:
    metadata = MetaData()
    Table("people_met_at_fairs", metadata)
    with pytest.raises(TableUnknown, match="people_met_at_fairs"):
        list(tables_of(metadata, Person(TILLEULS)))
