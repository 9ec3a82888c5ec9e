"""The two halves: everything into a folder, and everything back."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from espace_contracts.registry import SERVICES

from ops.backup import buckets, databases, manifest, queues
from ops.migrate import BUCKET_OWNERS, bucket_of, database_of, migrate

Say = Callable[[str], None]


class FolderTaken(Exception):
    """The folder is there already and is not empty."""


@dataclass(frozen=True)
class Restored:
    """What a restore has done."""

    started_at: str  # of the backup: outside systems send again what they sent since
    rows: dict[str, int]  # by database
    objects: dict[str, dict[str, int]]  # by bucket: brought back, there already, set aside
    purged: dict[str, int]  # messages, by queue
    published_again: dict[str, int]  # events, by service


def back_up(environment: Mapping[str, str], folder: Path, *, previous: Path | None, say: Say) -> manifest.Manifest:
    """Write everything into *folder*, while the portal goes on working.

    Files are copied after the databases: what a row names was in the store before, so the copy has it, unless it was
    deleted in between (`missing_files`). Raises FolderTaken, ToolFailed, ObjectStoreDown.
    """
    if folder.exists() and any(folder.iterdir()):
        raise FolderTaken(f"{folder} is not empty")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    started_at = datetime.now(UTC).isoformat()
    dumped, copied = {}, {}
    named: dict[str, set[str]] = {}
    for service in SERVICES:
        dumped[service], named[service] = databases.dump(database_of(service, environment), folder)
        say(f"database {service}: {sum(dumped[service].rows.values())} rows")
    missing: list[str] = []
    for owner in BUCKET_OWNERS:
        store = buckets.store_of(bucket_of(owner, environment))
        copied[owner], keys = buckets.save(store, owner, folder, previous=previous)
        missing += sorted(named[owner] - keys)
        say(f"bucket of {owner}: {copied[owner].objects} objects, {copied[owner].size} bytes")
    made = manifest.Manifest(started_at, datetime.now(UTC).isoformat(), dumped, copied, missing)
    manifest.write(folder, made)
    return made


def restore(environment: Mapping[str, str], folder: Path, *, over_data: bool, overlap: timedelta, say: Say) -> Restored:
    """Put the backup of *folder* in the place of what is there, at this version's newest tables.

    Every byte is compared first; nothing is touched when one differs, when processes still run, or when there are data
    and *over_data* does not say so. Raises BackupFaulty, InUse, DataPresent, ToolFailed, ObjectStoreDown.
    """
    backup = manifest.check(folder)
    say("every file of the backup is as it was written")
    admin = environment["OPS_POSTGRES_URL"]
    ways = {service: database_of(service, environment) for service in SERVICES}
    for database in ways.values():
        databases.refuse_unless_idle(admin, database)
        if not over_data:
            databases.refuse_unless_empty(admin, database)
    for service, database in ways.items():
        databases.load(admin, database, backup.databases[service], folder)
        say(f"database {service}: as many rows in every table as were dumped")
    migrate(environment)
    objects = {}
    for owner, bucket in backup.buckets.items():
        objects[owner] = buckets.load(buckets.store_of(bucket_of(owner, environment)), owner, bucket, folder)
        say(f"bucket of {owner}: {objects[owner]}")
    return Restored(
        started_at=backup.started_at,
        rows={service: sum(one.rows.values()) for service, one in backup.databases.items()},
        objects=objects,
        purged=queues.purge(environment["OPS_RABBITMQ_URL"]),
        published_again=queues.publish_again(
            environment, since=datetime.fromisoformat(backup.started_at), overlap=overlap
        ),
    )
