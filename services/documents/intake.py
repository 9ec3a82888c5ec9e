"""Reads back what was uploaded and says whether it is what was announced. No transaction may be open meanwhile."""

import hashlib
import tempfile
import time
from collections.abc import Collection
from typing import Any, Protocol

from espace_contracts.documents import Scan
from espace_contracts.errors import Conflict, FileRefused
from nameko.extensions import DependencyProvider

from chassis.objectstore import ObjectMissing, ObjectStore
from chassis.threads import off_hub_serially
from services.documents.file_checks import check_content

IN_MEMORY = 1_048_576  # bytes; a larger file is read back into a temporary file


class IntakeRules(DependencyProvider):
    """`self.intake_rules`: what the settings say of new files."""

    first_scan_state: Scan
    draw_advices: bool
    quota_bytes: int

    def setup(self) -> None:
        """Advices are drawn up unless a setting says no (S34).

        Without a scanner a file is available at once; with one it stays closed until it is cleared (K25).
        """
        self.quota_bytes = self.container.config["settings"].quota_bytes
        self.draw_advices = self.container.config["settings"].draw_advices
        settings = self.container.config["settings"]
        self.first_scan_state = "pending" if settings.hold_until_scanned or settings.clamd_address else "available"

    def get_dependency(self, worker_ctx: Any) -> "IntakeRules":
        """The same object for every worker."""
        return self


class AnnouncedFile(Protocol):
    """What `begin` noted of a file."""

    object_key: str
    media_type: str
    size: int
    sha256: str | None


def check_uploaded(files: ObjectStore, announced: AnnouncedFile, *, attachments: Collection[str] = ()) -> str:
    """The object has the announced size, SHA-256 and type, and no attachments but these. Its SHA-256 (hex).

    Raises Conflict while there is no object, FileRefused when it is another file, ObjectStoreDown.
    """
    try:
        return _check(files, announced, attachments)
    except ObjectMissing as exc:
        raise Conflict("the bytes are not in the store yet", "deposit_id") from exc


def _check(files: ObjectStore, announced: AnnouncedFile, attachments: Collection[str]) -> str:
    if files.head(announced.object_key).size != announced.size:
        raise FileRefused("not the announced size", "unreadable")
    digest = hashlib.sha256()
    with tempfile.SpooledTemporaryFile(max_size=IN_MEMORY) as copy:
        for chunk in files.chunks(announced.object_key):
            digest.update(chunk)
            copy.write(chunk)
            time.sleep(0)  # a near store never keeps us waiting: without this no other call would get its turn
        if announced.sha256 not in (None, digest.hexdigest()):
            raise FileRefused("not the announced bytes", "unreadable")
        off_hub_serially(check_content, copy, announced.media_type, attachments)
    return digest.hexdigest()
