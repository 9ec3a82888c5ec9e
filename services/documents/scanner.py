"""Has each new file scanned by ClamAV, where a setting names one: pending → scanning → available or blocked (K24, K25)."""

import time
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

import structlog
from espace_contracts import documents as api
from sqlalchemy import Row

from chassis import metrics, outbox
from chassis.database import Database
from chassis.loops import Loop
from chassis.measures import waiting
from chassis.objectstore import ObjectMissing, ObjectStore, ObjectStoreDown
from services.documents.clamd import Clamd, ScannerDown
from services.documents.store import scans as store

log = structlog.get_logger()

WAITING_SCANS = waiting(
    metrics.SCANS_WAITING,
    metrics.SCANS_AGE,
    "select count(*), extract(epoch from now() - min(created_at)) from document_versions"
    " where scan in ('pending', 'scanning')",
)
STUCK_AFTER = timedelta(minutes=10)
AGAIN_AFTER = timedelta(seconds=30)
PAUSE, PAUSE_WHEN_DOWN = 5.0, 15.0  # seconds


class Scanner(Loop):
    """Runs in every replica; a file that no scanner has cleared is never served."""

    def setup(self) -> None:
        """Makes its own client of the store; without an address of a daemon it has nothing to do."""
        super().setup()
        self.files = ObjectStore(self.settings)
        self.clamd = Clamd(self.settings.clamd_address) if self.settings.clamd_address else None

    def run_once(self) -> float:
        """All files that wait, one after the other."""
        if self.clamd is None:
            return 3600.0
        while (found := scan_next(self.database, self.files, self.clamd, now=self.clock())) is not None:
            if found == "pending":
                return PAUSE_WHEN_DOWN
        return PAUSE


def scan_next(database: Database, files: ObjectStore, clamd: Clamd, *, now: datetime) -> api.Scan | None:
    """What became of the file that has waited longest; None when none waits.

    `pending` when scanner or store were down: the file keeps waiting, closed (R11). No transaction is open meanwhile.
    """
    with database.work() as connection:
        if stuck := store.release_stuck(connection, claimed_before=now - STUCK_AFTER):
            log.warning("scans_requeued", files=stuck)
        file = store.claim_pending(connection, tried_before=now - AGAIN_AFTER, now=now)
    if file is None:
        return None
    try:
        signature = clamd.signature_in(_by_turns(files.chunks(file.object_key)))
    except (ScannerDown, ObjectStoreDown, ObjectMissing) as exc:
        log.warning("scan_failed", document_id=str(file.document_id), reason=f"{type(exc).__name__}: {exc}")
        return _settle(database, file, "pending", now=now)
    if signature is not None:
        log.warning("file_blocked", document_id=str(file.document_id), version=file.version, signature=signature)
    return _settle(database, file, "available" if signature is None else "blocked", now=now, signature=signature)


def _by_turns(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The same pieces; a store and a scanner that are near never keep us waiting, and other calls want their turn."""
    for chunk in chunks:
        yield chunk
        time.sleep(0)


def _settle(
    database: Database, file: Row[Any], scan: api.Scan, *, now: datetime, signature: str | None = None
) -> api.Scan:
    metrics.FILES_SCANNED.labels(scan).inc()
    with database.work() as connection:
        settled = store.settle(connection, file.siret, file.document_id, file.version, scan=scan)
        if settled and scan != "pending":
            facts: dict[str, Any] = {"siret": file.siret, "document_id": file.document_id, "version": file.version}
            if signature is None:
                event: api.DocumentAvailable | api.DocumentInfected = api.DocumentAvailable(**facts)
            else:
                event = api.DocumentInfected(**facts, signature=signature)
            outbox.publish(connection, event, subject=str(file.document_id), at=now)
    return scan
