"""Removes abandoned deposits, objects that no row names (R1), and what was in the trash or kept too long (S48, K38)."""

import itertools
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from functools import partial
from itertools import islice
from uuid import UUID

import structlog
from espace_contracts.documents import DocumentErased

from chassis import outbox
from chassis.database import Database
from chassis.loops import Loop
from chassis.objectstore import Listed, ObjectStore
from services.documents.domain import ABANDONED_AFTER, FOLDER, RESTORABLE
from services.documents.store import categories
from services.documents.store import changes as trash
from services.documents.store import deposits as store

log = structlog.get_logger()

BATCH = 200


class Sweeper(Loop):
    """Runs in every replica: two of them never claim the same deposit, and removing an object twice is harmless."""

    def setup(self) -> None:
        """Makes its own client of the store."""
        super().setup()
        self.files = ObjectStore(self.settings)

    def run_once(self) -> float:
        """One round over deposits and objects."""
        sweep(self.database, self.files, now=self.clock())
        empty_trash(self.database, self.files, now=self.clock())
        erase_outdated(self.database, self.files, now=self.clock())
        return float(self.settings.sweep_seconds)


def sweep(database: Database, files: ObjectStore, *, now: datetime) -> tuple[int, int]:
    """How many abandoned deposits and how many orphan objects were removed. Raises ObjectStoreDown."""
    deposits = sum(_sweep_deposits(database, files, now=now))
    objects = _sweep_objects(database, files)
    if deposits or objects:
        log.info("swept", deposits=deposits, objects=objects)
    return deposits, objects


def empty_trash(database: Database, files: ObjectStore, *, now: datetime) -> int:
    """How many documents had been in the trash too long and are gone with all their files. Raises ObjectStoreDown."""
    removed = sum(_erase(database, files, partial(trash.claim_expired, deleted_before=now - RESTORABLE), now=now))
    if removed:
        log.info("trash_emptied", documents=removed)
    return removed


def erase_outdated(database: Database, files: ObjectStore, *, now: datetime) -> int:
    """How many documents were kept as long as their categories say and are gone (K38). Raises ObjectStoreDown."""
    with database.work() as connection:
        known = categories.read_categories(connection)
    removed = 0
    for category in known.values():
        if category.retention_months is not None:
            claim = partial(trash.claim_outdated, category=category.key, months=category.retention_months)
            removed += sum(_erase(database, files, claim, now=now))
    if removed:
        log.info("documents_outdated", documents=removed)
    return removed


def _erase(database: Database, files: ObjectStore, claim: Callable[..., list[UUID]], *, now: datetime) -> Iterator[int]:
    """The same order as for deposits: mark, objects, rows."""
    while True:
        with database.work() as connection:
            claimed = claim(connection, now=now, limit=BATCH)
            keys = trash.keys_of(connection, claimed)
        for key in keys:
            files.delete(key)
        if claimed:
            with database.work() as connection:
                for gone in trash.remove_documents(connection, claimed):
                    event = DocumentErased(siret=gone.siret, document_id=gone.id, category=gone.category)
                    outbox.publish(connection, event, subject=str(gone.id), at=now)
        yield len(claimed)
        if len(claimed) < BATCH:
            return


def _sweep_deposits(database: Database, files: ObjectStore, *, now: datetime) -> Iterator[int]:
    """First the mark, which no completion passes, then the object, then the row: a crash in between is made good."""
    while True:
        with database.work() as connection:
            claimed = store.claim_abandoned(connection, begun_before=now - ABANDONED_AFTER, now=now, limit=BATCH)
        for deposit in claimed:
            files.delete(deposit.object_key)
        if claimed:
            with database.work() as connection:
                store.remove_deposits(connection, [deposit.id for deposit in claimed])
        yield len(claimed)
        if len(claimed) < BATCH:
            return


def _sweep_objects(database: Database, files: ObjectStore) -> int:
    """An object's key is in a committed row before anybody can write it, so an unnamed one is an orphan.

    Unless it is older than the tables: then those that named it are lost, and it stays for their restore.
    """
    with database.work() as connection:
        tables_made_at = categories.first_set_applied_at(connection).replace(microsecond=0)
    removed = kept = 0
    for found in _batches(files.listed(FOLDER)):
        with database.work() as connection:
            known = store.known_keys(connection, [each.key for each in found])
        unnamed = [each for each in found if each.key not in known]
        orphans = [each.key for each in unnamed if each.written_at >= tables_made_at]
        for key in orphans:
            files.delete(key)
        removed += len(orphans)
        kept += len(unnamed) - len(orphans)
    if kept:
        log.warning("files_older_than_tables", objects=kept)
    return removed


def _batches(objects: Iterable[Listed]) -> Iterator[list[Listed]]:
    iterator = iter(objects)
    return itertools.takewhile(bool, (list(islice(iterator, BATCH)) for _ in itertools.count()))
