"""Exported files: made on a local disk off the hub, then fetched from the bucket for a minute."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import structlog
from espace_contracts import payments as api
from nameko.extensions import DependencyProvider

from chassis.clock import utc_now
from chassis.loops import Loop
from chassis.objectstore import ObjectStore
from chassis.threads import off_hub
from services.payments.export_sheet import PaymentsSheet

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
FOLDER = "exports"
KEPT = timedelta(days=1)
SWEEP_SECONDS = 3600.0

log = structlog.get_logger()


class Draft:
    """A file in the making; its lines are rendered in a native thread, batch by batch."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.sheet: PaymentsSheet = off_hub(PaymentsSheet, path)

    def add(self, payments: Sequence[Any]) -> None:
        """Write one line for each of *payments*."""
        off_hub(self.sheet.add, payments)

    def finish(self, request: api.ExportPayments, *, now: datetime) -> int:
        """State the search and its totals, and close the file; the number of payments."""
        return off_hub(self.sheet.finish, request, now=now)


class Exports:
    """Where exported files are made and kept."""

    def __init__(self, files: ObjectStore) -> None:
        self._files = files

    @contextmanager
    def draft(self) -> Iterator[Draft]:
        """A new file; it is gone from the disk when the block ends."""
        with tempfile.TemporaryDirectory(prefix="export-") as folder:
            draft = Draft(Path(folder) / "payments.xlsx")
            try:
                yield draft
            except BaseException:
                draft.sheet.abandon()
                raise

    def publish(self, draft: Draft, *, file_name: str, now: datetime) -> api.ExportedFile:
        """Put the finished *draft* into the bucket; its address is good for a minute. Raises ObjectStoreDown."""
        key = f"{FOLDER}/{now:%Y-%m-%d}/{uuid4().hex}.xlsx"  # the day is what the sweep goes by
        self._files.put(key, draft.path, MEDIA_TYPE)
        url = self._files.presigned_get(key, file_name=file_name, media_type=MEDIA_TYPE)
        return api.ExportedFile(url=url, file_name=file_name, media_type=MEDIA_TYPE, size=draft.path.stat().st_size)

    def sweep(self, *, now: datetime) -> int:
        """Delete the files of days that ended more than `KEPT` ago; how many."""
        newest_kept = f"{FOLDER}/{now - KEPT:%Y-%m-%d}/"
        old = [key for key in self._files.keys(f"{FOLDER}/") if key < newest_kept]
        for key in old:
            self._files.delete(key)
        return len(old)


class ExportsProvider(DependencyProvider):
    """`self.exports` of the service."""

    exports: Exports

    def setup(self) -> None:
        """Makes the client; nothing connects yet."""
        self.exports = Exports(ObjectStore(self.container.config["settings"]))

    def get_dependency(self, worker_ctx: Any) -> Exports:
        """The same object for every worker."""
        return self.exports


class ExportSweeper(Loop):
    """Deletes exported files once nobody can be fetching them any more: they hold personal data (K38)."""

    def setup(self) -> None:
        """Makes the client; nothing connects yet."""
        super().setup()
        self.exports = Exports(ObjectStore(self.settings))

    def run_once(self) -> float:
        """One sweep; then an hour of rest."""
        swept = self.exports.sweep(now=utc_now())
        if swept:
            log.info("exports_swept", count=swept)
        return SWEEP_SECONDS
