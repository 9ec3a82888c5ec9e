"""What a backup says of itself: every file with its SHA-256, every table and bucket with its count."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

NAME = "manifest.json"
FORMAT = 1
CHUNK = 1024 * 1024


class BackupFaulty(Exception):
    """A folder is no backup, is not whole, or was changed since it was written."""


@dataclass(frozen=True)
class DatabaseBackup:
    """One database: its dump, and what it held at that moment."""

    file: str
    sha256: str
    size: int
    taken_at: str  # ISO 8601, of the snapshot
    system: str  # identifier of the server's data, a number
    revision: str  # of its tables, as Alembic names it
    rows: dict[str, int]  # by table


@dataclass(frozen=True)
class BucketBackup:
    """One bucket: the list of its objects, which names each one's file."""

    index: str
    sha256: str
    objects: int
    size: int  # bytes of all of them


@dataclass(frozen=True)
class Manifest:
    """The whole backup. *started_at* is the moment that everything before it is in the backup."""

    started_at: str
    finished_at: str
    databases: dict[str, DatabaseBackup]  # by service
    buckets: dict[str, BucketBackup]  # by owner
    missing_files: list[str]  # keys that a database names and its bucket does not hold


@dataclass(frozen=True)
class StoredObject:
    """One line of a bucket's list. Objects are written once: a key never gets other bytes."""

    key: str
    size: int
    sha256: str
    media_type: str

    @property
    def file(self) -> str:
        """Where its bytes are, below the folder of its bucket: equal bytes are kept once."""
        return f"objects/{self.sha256[:2]}/{self.sha256}"


def write(folder: Path, manifest: Manifest) -> None:
    """Put it into *folder*, last of all and at once: without it a folder is no backup."""
    draft = folder / f".{NAME}"
    draft.write_text(json.dumps({"format": FORMAT} | asdict(manifest), indent=2) + "\n", encoding="utf-8")
    draft.rename(folder / NAME)


def read(folder: Path) -> Manifest:
    """The manifest of *folder*. Raises BackupFaulty."""
    try:
        found: dict[str, Any] = json.loads((folder / NAME).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError) as exc:
        raise BackupFaulty(f"{folder} holds no finished backup") from exc
    if found.pop("format", None) != FORMAT:
        raise BackupFaulty(f"{folder} was written by another version of this command")
    found["databases"] = {name: DatabaseBackup(**one) for name, one in found["databases"].items()}
    found["buckets"] = {name: BucketBackup(**one) for name, one in found["buckets"].items()}
    return Manifest(**found)


def objects(folder: Path, bucket: BucketBackup) -> Iterator[StoredObject]:
    """The objects of one bucket, in the order of their keys."""
    with (folder / bucket.index).open(encoding="utf-8") as lines:
        for line in lines:
            yield StoredObject(**json.loads(line))


def digest(path: Path) -> str:
    """SHA-256 (hex) of a file. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def check(folder: Path) -> Manifest:
    """Read every byte of the backup in *folder* and compare. Raises BackupFaulty at the first that differs."""
    manifest = read(folder)
    for database in manifest.databases.values():
        _compare(folder, database.file, database.sha256)
    for owner, bucket in manifest.buckets.items():
        _compare(folder, bucket.index, bucket.sha256)
        for one in objects(folder, bucket):
            _compare(folder, f"buckets/{owner}/{one.file}", one.sha256)
    return manifest


def _compare(folder: Path, file: str, sha256: str) -> None:
    try:
        same = digest(folder / file) == sha256
    except OSError as exc:
        raise BackupFaulty(f"{file} cannot be read: {exc.strerror}") from exc
    if not same:
        raise BackupFaulty(f"{file} is not what was written")
