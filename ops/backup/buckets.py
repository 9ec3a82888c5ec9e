"""One bucket out and in again, eight objects at a time. Objects are written once, so a key says what its bytes are."""

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path

from pydantic import SecretStr

from chassis.objectstore import ObjectMissing, ObjectStore
from chassis.settings import ObjectStoreSettings
from ops.backup.manifest import BackupFaulty, BucketBackup, StoredObject, digest, objects, read
from ops.provision import Bucket

AT_A_TIME = 8


def store_of(bucket: Bucket) -> ObjectStore:
    """The bucket, with the administrator's key."""
    return ObjectStore(
        ObjectStoreSettings(
            s3_endpoint=bucket.endpoint,
            s3_region=bucket.region,
            s3_access_key=SecretStr(bucket.access_key),
            s3_secret_key=SecretStr(bucket.secret_key),
            s3_bucket=bucket.name,
        )
    )


def save(store: ObjectStore, owner: str, folder: Path, *, previous: Path | None) -> tuple[BucketBackup, set[str]]:
    """Copy every object below *folder*; what was copied, and its keys. What *previous* has is linked, not read."""
    place = folder / "buckets" / owner
    (place / "objects").mkdir(mode=0o700, parents=True)
    known = _known(previous, owner) if previous else {}

    def take(key: str) -> StoredObject | None:
        if previous is not None and key in known:
            return _link(known[key], previous / "buckets" / owner, place)
        return _fetch(store, key, place)

    with ThreadPoolExecutor(AT_A_TIME) as pool:
        # What is deleted while the copy runs is no loss: the databases were dumped before.
        taken = [one for one in pool.map(take, sorted(store.keys())) if one is not None]
    index = _list(taken, place)
    made = BucketBackup(str(index.relative_to(folder)), digest(index), len(taken), sum(one.size for one in taken))
    return made, {one.key for one in taken}


def load(store: ObjectStore, owner: str, bucket: BucketBackup, folder: Path) -> dict[str, int]:
    """Bring back every object that is not there, and set aside what the backup does not know; how many of each.

    Nothing is deleted: what no row names is swept later by its service, and lies in the folder `unclaimed` then.
    """
    place = folder / "buckets" / owner
    wanted = {one.key: one for one in objects(folder, bucket)}
    present = set(store.keys())
    unknown = sorted(present - wanted.keys())
    missing = [one for key, one in wanted.items() if key not in present]
    with ThreadPoolExecutor(AT_A_TIME) as pool:
        list(pool.map(lambda one: store.put(one.key, place / one.file, one.media_type), missing))
        list(pool.map(lambda one: _expect(store, one), wanted.values()))
        aside = folder / "unclaimed" / owner
        kept = [one for one in pool.map(lambda key: _fetch(store, key, aside), unknown) if one is not None]
    if kept:
        _list(kept, aside)
    return {"brought_back": len(missing), "there_already": len(wanted) - len(missing), "set_aside": len(unknown)}


def _list(taken: Iterable[StoredObject], place: Path) -> Path:
    """Write which object is in which file of *place*."""
    index = place / "objects.jsonl"
    index.write_text("".join(json.dumps(asdict(one)) + "\n" for one in taken), encoding="utf-8")
    return index


def _expect(store: ObjectStore, one: StoredObject) -> None:
    if store.head(one.key).size != one.size:
        raise BackupFaulty(f"{one.key} in the store is not what was backed up")


def _known(previous: Path, owner: str) -> Mapping[str, StoredObject]:
    return {one.key: one for one in objects(previous, read(previous).buckets[owner])}


def _link(one: StoredObject, source: Path, place: Path) -> StoredObject:
    target = place / one.file
    target.parent.mkdir(exist_ok=True)
    if not target.exists():
        os.link(source / one.file, target)
    return one


def _fetch(store: ObjectStore, key: str, place: Path) -> StoredObject | None:
    """Copy one object to the file that its bytes name; None when it is gone meanwhile."""
    draft = place / "objects" / f".{hashlib.sha256(key.encode()).hexdigest()}"
    draft.parent.mkdir(parents=True, exist_ok=True)
    try:
        stored = store.head(key)
        sha256, size = _write(draft, store.chunks(key))
    except ObjectMissing:
        draft.unlink(missing_ok=True)
        return None
    one = StoredObject(key=key, size=size, sha256=sha256, media_type=stored.media_type)
    (place / one.file).parent.mkdir(exist_ok=True)
    draft.rename(place / one.file)
    return one


def _write(path: Path, chunks: Iterable[bytes]) -> tuple[str, int]:
    sha256, size = hashlib.sha256(), 0
    with path.open("wb") as file:
        for chunk in chunks:
            file.write(chunk)
            sha256.update(chunk)
            size += len(chunk)
    return sha256.hexdigest(), size
