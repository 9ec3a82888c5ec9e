"""A file of categories is compared with the table and applied to it, all of it or nothing (S37 to S39)."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from services.documents.categories import CategoryFile
from services.documents.category_changes import Difference, differences, orphans
from services.documents.store import categories as store

SHIPPED, OWN = "shipped", "own"


class NotApplicable(Exception):
    """The file cannot be applied; *faults* say why, one a line."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("; ".join(faults))
        self.faults = faults


@dataclass(frozen=True)
class Standing:
    """Which set stands: the version that its file bears, and whether it came with a release."""

    version: int
    origin: str


def standing(connection: Connection) -> Standing:
    """The set that was applied last."""
    row = store.newest_set(connection)
    return Standing(row.version, row.origin)


def compare(connection: Connection, file: CategoryFile, *, origin: str) -> list[Difference]:
    """What applying *file* would change; nothing for the set that stands.

    Raises NotApplicable for an older version, for other content under the same version, and where a document would
    be found nowhere any more. The sets of operators and of releases count their versions apart.
    """
    now, held = standing(connection), store.held_documents(connection)
    retired = store.retired_categories(connection)
    found = differences(store.read_categories(connection), retired, file.categories, held)
    faults = orphans(file.categories, held)
    if now.origin == origin and file.version < now.version:
        faults.append(f"version {file.version} is older than version {now.version}, which stands")
    if now.origin == origin and file.version == now.version and found:
        faults.append(f"version {file.version} stands with another content: raise the file's version")
    if faults:
        raise NotApplicable(faults)
    return found


def apply(
    connection: Connection, file: CategoryFile, *, origin: str, applied_by: str, now: datetime
) -> list[Difference]:
    """Make the table say what *file* says, noting who did it; what changed. Raises what `compare` raises.

    Two at a time wait for each other. A category that the file drops is retired and never removed: its documents
    stay under their rubric.
    """
    store.lock_sets(connection)
    found = compare(connection, file, origin=origin)
    before = standing(connection)
    if found or before != Standing(file.version, origin):
        revision = store.add_set(connection, version=file.version, origin=origin, applied_by=applied_by, applied_at=now)
        store.save_categories(connection, revision, file.categories)
    return found


def apply_shipped(connection: Connection, file: CategoryFile, *, now: datetime) -> list[Difference] | None:
    """Apply the set of a release where it is newer than the one before; None where operators have their own."""
    store.lock_sets(connection)
    stands = standing(connection)
    if stands.origin == OWN:
        return None
    if file.version <= stands.version:
        return []  # an older release that still migrates does not take a newer set back
    return apply(connection, file, origin=SHIPPED, applied_by="migrate", now=now)
