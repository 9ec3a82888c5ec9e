"""Exported files: made on a local disk off the hub, then fetched from the bucket for a minute."""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import structlog
from espace_contracts import payments as api
from nameko.extensions import DependencyProvider

from chassis.loops import Loop
from chassis.objectstore import ObjectStore
from chassis.threads import off_hub
from services.payments.domain import export_name
from services.payments.export_csv import PaymentsCsv
from services.payments.export_sheet import PaymentsSheet, paris_clock
from services.payments.store import export_jobs
from services.payments.usecases.exports import KEPT

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
FOLDER = "exports"
SWEEP_SECONDS = 3600.0

log = structlog.get_logger()


@dataclass(frozen=True)
class Format:
    """One kind of file."""

    media_type: str
    sheet: Callable[[Path], PaymentsSheet | PaymentsCsv]


FORMATS: dict[str, Format] = {
    "xlsx": Format(MEDIA_TYPE, PaymentsSheet),
    "csv": Format("text/csv; charset=utf-8", PaymentsCsv),
}


class Draft:
    """A file in the making; its lines are rendered in a native thread, batch by batch."""

    def __init__(self, path: Path, file_format: str) -> None:
        self.path = path
        self.file_format = file_format
        self.sheet: PaymentsSheet | PaymentsCsv = off_hub(FORMATS[file_format].sheet, path)

    def add(self, payments: Sequence[Any]) -> None:
        """Write one line for each of *payments*."""
        off_hub(self.sheet.add, payments)

    def finish(self, request: api.ExportPayments, *, now: datetime) -> int:
        """Close the file; the number of payments."""
        return off_hub(self.sheet.finish, request, now=now)


class Exports:
    """Where exported files are made and kept; up to *at_once* payments within the call that asks."""

    def __init__(self, files: ObjectStore, *, at_once: int = 0) -> None:
        self._files = files
        self.at_once = at_once

    @contextmanager
    def draft(self, file_format: str = "xlsx") -> Iterator[Draft]:
        """A new file; it is gone from the disk when the block ends."""
        with tempfile.TemporaryDirectory(prefix="export-") as folder:
            draft = Draft(Path(folder) / f"payments.{file_format}", file_format)
            try:
                yield draft
            except BaseException:
                draft.sheet.abandon()
                raise

    def keep(self, draft: Draft, *, legal_name: str, now: datetime) -> dict[str, Any]:
        """Put the finished *draft* into the bucket; its key, name, media type and size. Raises ObjectStoreDown."""
        media_type = FORMATS[draft.file_format].media_type
        key = f"{FOLDER}/{now:%Y-%m-%d}/{uuid4().hex}.{draft.file_format}"  # the day is what the sweep goes by
        self._files.put(key, draft.path, media_type)
        name = export_name(legal_name, paris_clock(now).date(), draft.file_format)
        return {"object_key": key, "file_name": name, "media_type": media_type, "size": draft.path.stat().st_size}

    def address(self, *, object_key: str, file_name: str, media_type: str, size: int) -> api.ExportedFile:
        """Where a kept file can be fetched for a minute; signing asks nothing of the store."""
        url = self._files.presigned_get(object_key, file_name=file_name, media_type=media_type)
        return api.ExportedFile(url=url, file_name=file_name, media_type=media_type, size=size)

    def check(self) -> None:
        """Returns when the bucket is there and ours. Raises ObjectStoreDown, ObjectMissing."""
        self._files.check()

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
    dependency, needed, check_every = "store", False, 15.0  # lists and ticks go on without it

    def check(self) -> None:
        """Returns when the bucket is there and ours."""
        self.exports.check()

    def setup(self) -> None:
        """Makes the client; nothing connects yet."""
        settings = self.container.config["settings"]
        self.exports = Exports(ObjectStore(settings), at_once=settings.export_at_once)

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
        """One sweep; then an hour of rest. A job is forgotten before its file is deleted."""
        now = self.clock()
        with self.database.work() as connection:
            export_jobs.forget(connection, before=now - KEPT)
        swept = self.exports.sweep(now=now)
        if swept:
            log.info("exports_swept", count=swept)
        return SWEEP_SECONDS
