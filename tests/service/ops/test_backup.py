"""A portal's databases and files go out and come back whole, or not at all (R21)."""

import json
from pathlib import Path
from typing import Any

import kombu
import psycopg
import pytest
from click.testing import CliRunner
from espace_contracts import payments as payments_api
from espace_contracts.replay import EventsSince

from chassis.database import Database, engine_for
from chassis.objectstore import ObjectStore
from chassis.replay import events_since
from ops.backup.buckets import store_of
from ops.cli import main
from ops.migrate import bucket_of
from services.payments.usecases import lists, recording
from tests.service.documents.documents_world import SAMPLES, World
from tests.service.payments.payment_builders import NOW, issued, search

OWN_QUEUE, FUNDER_QUEUE = "documents.PaymentRecorded.v1", "payments.PaymentIssued.v1"


def database(portal: dict[str, str], service: str) -> Database:
    """The service's way in."""
    urls = (portal[f"{service.upper()}_DATABASE_URL"], portal[f"{service.upper()}_WORKER_DATABASE_URL"])
    return Database(service=service, app=engine_for(urls[0], name="app"), worker=engine_for(urls[1], name="worker"))


class Kept:
    """Two payments and one deposit, and how they look from the service's side."""

    def __init__(self, portal: dict[str, str]) -> None:
        self.portal = portal
        self.files: ObjectStore = store_of(bucket_of("documents", portal))

    def fill(self) -> None:
        """Record and deposit."""
        with self.open("payments") as payments, payments.work() as connection:
            recording.record(connection, [issued("900001"), issued("900002")], now=NOW)
            connection.exec_driver_sql("update outbox set published_at = now(), created_at = now()")
        with self.open("documents") as documents:
            world = World(documents, self.files)
            world.open_dossier()
            self.document = world.deposit()

    def open(self, service: str) -> Any:
        """The database, closed with the block: a restore refuses while anybody is connected."""
        return _Closing(database(self.portal, service))

    def payments_seen(self) -> list[str]:
        """Numbers that the employer's list shows, as the role of requests."""
        request = payments_api.ListPayments(siret=issued().siret, search=search(), limit=100)
        with self.open("payments") as payments, payments.transaction(siret=issued().siret) as connection:
            return sorted(one.payment_number for one in lists.list_payments(connection, request).payments)

    def key_and_digest(self) -> tuple[str, str]:
        """Of the deposit's file."""
        with self.open("documents") as documents, documents.work() as connection:
            return tuple(connection.exec_driver_sql("select object_key, sha256 from document_versions").one())


class _Closing:
    def __init__(self, made: Database) -> None:
        self._made = made

    def __enter__(self) -> Database:
        return self._made

    def __exit__(self, *_: object) -> None:
        self._made.close()


@pytest.fixture
def kept(portal: dict[str, str]) -> Kept:
    made = Kept(portal)
    made.fill()
    return made


def espace(portal: dict[str, str], *arguments: str) -> Any:
    return CliRunner().invoke(main, [*arguments], env=portal, catch_exceptions=False)


def backed_up(portal: dict[str, str], folder: Path, *options: str) -> dict[str, Any]:
    done = espace(portal, "backup", str(folder), "--json", *options)
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def publish(portal: dict[str, str], queue: str) -> None:
    with kombu.Connection(portal["OPS_RABBITMQ_URL"], transport_options={"confirm_publish": True}) as connection:
        exchange = f"{queue.partition('.')[0]}.delivery"
        kombu.Producer(connection.channel()).publish({}, exchange=exchange, routing_key=queue, delivery_mode=2)


def waiting(portal: dict[str, str], queue: str) -> int:
    with kombu.Connection(portal["OPS_RABBITMQ_URL"]) as connection:
        return connection.channel().queue_declare(queue, passive=True).message_count


def test_r21_restored_portal_shows_what_it_showed_and_tells_it_again(kept: Kept, tmp_path: Path) -> None:
    portal, folder = kept.portal, tmp_path / "backup"
    key, digest = kept.key_and_digest()
    made = backed_up(portal, folder)
    assert made["missing_files"] == []
    assert made["databases"]["payments"]["rows"]["payments"] == 2

    with kept.open("payments") as payments, payments.work() as connection:
        recording.record(connection, [issued("900003")], now=NOW)  # after the backup
    kept.files.delete(key)
    kept.files.put("files/stranger", b"deposited after the backup", "text/plain")
    publish(portal, OWN_QUEUE)
    publish(portal, FUNDER_QUEUE)
    done = espace(portal, "restore", str(folder), "--yes", "--json")
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)

    assert kept.payments_seen() == ["900001", "900002"]
    assert kept.key_and_digest() == (key, digest)
    assert kept.files.sha256(key) == digest
    assert kept.files.head(key).media_type == "application/pdf"
    assert told["objects"]["documents"] == {"brought_back": 1, "there_already": 0, "set_aside": 1}
    aside = [json.loads(line) for line in (folder / "unclaimed/documents/objects.jsonl").read_text().splitlines()]
    assert [one["key"] for one in aside] == ["files/stranger"]
    assert told["purged"] == {OWN_QUEUE: 1}
    assert waiting(portal, FUNDER_QUEUE) == 1
    assert told["published_again"]["payments"] == 2
    with kept.open("payments") as payments, payments.work() as connection:
        assert connection.exec_driver_sql("select count(*) from outbox where published_at is null").scalar() == 2


def test_r21_nothing_is_touched_without_a_word_for_it_or_by_a_backup_that_changed(kept: Kept, tmp_path: Path) -> None:
    portal, folder = kept.portal, tmp_path / "backup"
    backed_up(portal, folder)
    refused = espace(portal, "restore", str(folder))
    assert refused.exit_code == 1
    assert "holds" in refused.output
    with psycopg.connect(portal["PAYMENTS_WORKER_DATABASE_URL"]):
        refused = espace(portal, "restore", str(folder), "--yes")
    assert refused.exit_code == 1
    assert "stop the processes first" in refused.output
    file = next(path for path in (folder / "buckets/documents/objects").rglob("*") if path.is_file())
    file.write_bytes(file.read_bytes()[:-1] + b"X")
    for arguments in (("restore", str(folder), "--yes"), ("restore", str(folder), "--check")):
        refused = espace(portal, *arguments)
        assert refused.exit_code == 1
        assert "is not what was written" in refused.output
    assert espace(portal, "restore", str(tmp_path), "--check").exit_code == 1
    assert kept.payments_seen() == ["900001", "900002"]


def test_r21_second_backup_links_the_files_of_the_first(kept: Kept, tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    backed_up(kept.portal, first)
    kept.files.put("files/newer", b"newer", "text/plain")
    made = backed_up(kept.portal, second, "--previous", str(first))
    assert made["buckets"]["documents"]["objects"] == 2
    sizes = {path.stat().st_size: path.stat().st_nlink for path in second.rglob("objects/*/*")}
    assert sizes == {(SAMPLES / "bulletin.pdf").stat().st_size: 2, 5: 1}
    assert espace(kept.portal, "restore", str(second), "--check").exit_code == 0
    assert espace(kept.portal, "backup", str(first)).exit_code == 1, "a backup is never written over another"


def test_r21_events_restored_on_another_server_are_read_by_events_since(kept: Kept, tmp_path: Path) -> None:
    folder = tmp_path / "backup"
    backed_up(kept.portal, folder)
    # As if another server had made it: its transactions are numbered far above those of this one.
    with psycopg.connect(kept.portal["PAYMENTS_OWNER_DATABASE_URL"], autocommit=True) as connection:
        connection.execute("update outbox set xid = '9000000000'")
    again = tmp_path / "again"
    backed_up(kept.portal, again)
    manifest = json.loads((again / "manifest.json").read_text())
    manifest["databases"]["payments"]["system"] = "1"
    (again / "manifest.json").write_text(json.dumps(manifest))
    assert espace(kept.portal, "restore", str(again), "--yes").exit_code == 0
    with kept.open("payments") as payments, payments.transaction() as connection:
        read = events_since(connection, EventsSince())
    assert sorted(event["data"]["payment_number"] for event in read.events) == ["900001", "900002"]
