"""New files pass a real ClamAV before anybody can open them (K24, K25, R11)."""

import shutil
import tempfile
import urllib.request
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from espace_contracts import documents as api
from espace_contracts.errors import Conflict

from services.documents.clamd import Clamd, ScannerDown
from services.documents.scanner import AGAIN_AFTER, STUCK_AFTER, scan_next
from services.documents.store import scans
from tests.service.documents.clamav import EICAR, ClamAV, infected
from tests.service.documents.documents_world import SAMPLES, TILLEULS, World, put

BULLETIN = (SAMPLES / "bulletin.pdf").read_bytes()
NOWHERE = Clamd("127.0.0.1:9", seconds=2)


@pytest.fixture(scope="module")
def clamav() -> Iterator[ClamAV]:
    """The daemon, up; its folder has a short name, as the path of a socket must."""
    folder = Path(tempfile.mkdtemp(prefix="clam"))
    daemon = ClamAV(folder)
    daemon.start()
    yield daemon
    daemon.stop()
    shutil.rmtree(folder)


@pytest.fixture
def clamd(clamav: ClamAV) -> Clamd:
    return Clamd(clamav.address, seconds=20)


@pytest.fixture
def scanned(tilleuls: World) -> World:
    """New files wait for the scanner."""
    tilleuls.intake.first_scan_state = "pending"
    return tilleuls


def state(world: World, document: api.Document) -> str:
    wanted = api.GetDocument(siret=TILLEULS, document_id=document.document_id)
    found: api.Document = world.service().get_document(wanted)
    return found.scan


def open_file(world: World, document: api.Document) -> bytes:
    wanted = api.OpenFile(siret=TILLEULS, document_id=document.document_id)
    with urllib.request.urlopen(world.service("funder.demo").open_file(wanted).url, timeout=20) as answer:
        content: bytes = answer.read()
    return content


def deposit_infected(world: World) -> api.Document:
    content, sha256 = infected(BULLETIN)
    begun = world.begin(size=len(content), sha256=sha256)
    put(begun, content)
    return world.complete(begun)


def scan(world: World, clamd: Clamd) -> str | None:
    return scan_next(world.db, world.files, clamd, now=world.now)


def test_k24_the_daemon_knows_the_test_file_and_nothing_else(clamd: Clamd) -> None:
    assert clamd.signature_in([BULLETIN]) is None
    assert clamd.signature_in([EICAR[:30], EICAR[30:]]) == "Test.Eicar.UNOFFICIAL"
    with pytest.raises(ScannerDown):
        clamd.signature_in(b"x" * 1024**2 for _ in range(61))  # more than it takes: it says no, or breaks off


def test_k25_a_clean_file_is_closed_until_it_is_cleared(scanned: World, clamd: Clamd) -> None:
    document = scanned.deposit()
    assert state(scanned, document) == "pending"
    with pytest.raises(Conflict):
        open_file(scanned, document)
    assert scanned.published(api.DocumentAvailable) == []
    assert scan(scanned, clamd) == "available"
    assert open_file(scanned, document) == BULLETIN
    (told,) = scanned.published(api.DocumentAvailable)
    assert (told["document_id"], told["version"]) == (str(document.document_id), 1)
    assert scan(scanned, clamd) is None


def test_k24_an_infected_file_is_blocked_and_never_served(scanned: World, clamd: Clamd) -> None:
    document = deposit_infected(scanned)
    assert scan(scanned, clamd) == "blocked"
    assert state(scanned, document) == "blocked"
    with pytest.raises(Conflict):
        open_file(scanned, document)
    (told,) = scanned.published(api.DocumentInfected)
    assert (told["document_id"], told["signature"]) == (str(document.document_id), "Test.Eicar.UNOFFICIAL")
    assert scanned.published(api.DocumentAvailable) == []


def test_s49_the_new_file_of_a_replaced_document_is_scanned_as_well(scanned: World, clamd: Clamd) -> None:
    document = deposit_infected(scanned)
    scan(scanned, clamd)
    nothing = {"category": None, "dossier_number": None, "period": None}
    begun = scanned.begin(document_id=document.document_id, **nothing)
    put(begun, BULLETIN)
    assert scanned.complete(begun).scan == "pending"
    assert scan(scanned, clamd) == "available"
    assert open_file(scanned, document) == BULLETIN


def test_r11_a_scanner_that_is_down_leaves_files_pending_and_they_drain_after(scanned: World, clamd: Clamd) -> None:
    documents = [scanned.deposit() for _ in range(3)]
    assert scan(scanned, NOWHERE) == "pending"
    for document in documents:
        assert state(scanned, document) == "pending"
        with pytest.raises(Conflict):
            open_file(scanned, document)
    scanned.wait(seconds=AGAIN_AFTER.total_seconds() + 1)
    assert [scan(scanned, clamd) for _ in range(4)] == ["available"] * 3 + [None]
    assert len(scanned.published(api.DocumentAvailable)) == 3


def test_r11_a_file_that_cannot_be_scanned_does_not_keep_others_from_their_turn(scanned: World, clamd: Clamd) -> None:
    lost, document = scanned.deposit(), scanned.deposit()
    for key in list(scanned.files.keys("files/")):
        if b"".join(scanned.files.chunks(key)) and key == _key_of(scanned, lost):
            scanned.files.delete(key)
    assert scan(scanned, clamd) == "pending"
    assert scan(scanned, clamd) == "available"
    assert (state(scanned, lost), state(scanned, document)) == ("pending", "available")
    assert scan(scanned, clamd) is None  # it is tried again later


def _key_of(world: World, document: api.Document) -> str:
    query = "select object_key from document_versions where document_id = %s"
    with world.db.work() as connection:
        key: str = connection.exec_driver_sql(query, (document.document_id,)).scalar_one()
    return key


def test_r11_a_scan_whose_process_died_is_taken_up_again(scanned: World, clamd: Clamd) -> None:
    document = scanned.deposit()
    with scanned.db.work() as connection:
        claimed = scans.claim_pending(connection, tried_before=scanned.now, now=scanned.now)
    assert claimed is not None
    assert state(scanned, document) == "scanning"
    assert scan(scanned, clamd) is None
    scanned.wait(seconds=(STUCK_AFTER + timedelta(seconds=1)).total_seconds())
    assert scan(scanned, clamd) == "available"


def test_r11_the_verdict_of_a_scan_that_was_given_up_changes_nothing(scanned: World) -> None:
    document = scanned.deposit()
    with scanned.db.work() as connection:
        assert not scans.settle(connection, TILLEULS, document.document_id, 1, scan="available")
    assert state(scanned, document) == "pending"
