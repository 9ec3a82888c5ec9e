"""What never became a document is removed, and nothing else."""

from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from espace_contracts import documents as api
from espace_contracts.errors import Conflict, NotFound

from chassis.objectstore import ObjectMissing, ObjectStoreDown
from services.documents.domain import ABANDONED_AFTER, COMPLETED_WITHIN, FOLDER
from services.documents.store import categories as category_store
from services.documents.sweeper import empty_trash, erase_outdated, sweep
from tests.service.conftest import urls_of
from tests.service.documents.documents_world import SAMPLES, World, put

BULLETIN = (SAMPLES / "bulletin.pdf").read_bytes()


def test_r1_an_abandoned_deposit_goes_with_its_object(tilleuls: World) -> None:
    put(tilleuls.begin(), BULLETIN)
    tilleuls.begin()  # never sent
    kept = tilleuls.deposit()
    tilleuls.wait(seconds=ABANDONED_AFTER.total_seconds() + 1)
    fresh = tilleuls.begin()
    assert sweep(tilleuls.db, tilleuls.files, now=tilleuls.now) == (2, 0)
    assert tilleuls.count("deposits") == 2
    assert len(list(tilleuls.files.keys(FOLDER))) == 1
    put(fresh, BULLETIN)
    assert tilleuls.complete(fresh).document_id != kept.document_id
    assert sweep(tilleuls.db, tilleuls.files, now=tilleuls.now) == (0, 0)


def test_r1_an_object_that_no_row_names_is_removed(tilleuls: World) -> None:
    tilleuls.deposit()
    tilleuls.files.put(f"{FOLDER}orphan", b"x", "application/pdf")
    assert sweep(tilleuls.db, tilleuls.files, now=tilleuls.now) == (0, 1)
    with pytest.raises(ObjectMissing):
        tilleuls.files.head(f"{FOLDER}orphan")
    assert len(list(tilleuls.files.keys(FOLDER))) == 1


def test_r21_a_file_older_than_the_tables_stays_for_a_restore_of_those_that_named_it(tilleuls: World) -> None:
    tilleuls.files.put(f"{FOLDER}of-lost-tables", b"x", "application/pdf")
    with psycopg.connect(urls_of("documents", tilleuls.db._app.url.database or "").owner_url) as owner:
        owner.execute("update category_sets set applied_at = now() + interval '2 seconds'")
    assert sweep(tilleuls.db, tilleuls.files, now=tilleuls.now) == (0, 0)
    tilleuls.files.head(f"{FOLDER}of-lost-tables")


def test_r1_no_completion_passes_once_the_deposit_is_too_old(tilleuls: World) -> None:
    begun = tilleuls.begin()
    put(begun, BULLETIN)
    tilleuls.wait(seconds=COMPLETED_WITHIN.total_seconds() + 1)
    with pytest.raises(Conflict):
        tilleuls.complete(begun)
    tilleuls.wait(seconds=ABANDONED_AFTER.total_seconds())
    sweep(tilleuls.db, tilleuls.files, now=tilleuls.now)
    with pytest.raises(NotFound):
        tilleuls.complete(begun)
    assert tilleuls.count("documents") == 0


def test_r9_a_sweep_that_dies_half_way_is_made_good_by_the_next(
    tilleuls: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = tilleuls.begin()
    put(begun, BULLETIN)
    ahead = tilleuls.now + ABANDONED_AFTER + timedelta(seconds=1)  # by the clock of another replica

    def down(_: str) -> None:
        raise ObjectStoreDown("delete_object")

    with monkeypatch.context() as broken:
        broken.setattr(tilleuls.files, "delete", down)
        with pytest.raises(ObjectStoreDown):
            sweep(tilleuls.db, tilleuls.files, now=ahead)
    with pytest.raises(Conflict):
        tilleuls.complete(begun)
    assert sweep(tilleuls.db, tilleuls.files, now=ahead) == (1, 0)
    assert tilleuls.count("deposits") == 0
    assert list(tilleuls.files.keys(FOLDER)) == []


def test_k38_a_document_is_kept_as_long_as_its_category_says_after_its_dossiers_end(
    tilleuls: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    payslip, letter = tilleuls.deposit(), tilleuls.deposit_letter()  # 60 months, 36 months
    assert erase_outdated(tilleuls.db, tilleuls.files, now=datetime(2022, 12, 11, 8, 59, tzinfo=UTC)) == 0

    def down(_: str) -> None:
        raise ObjectStoreDown("delete_object")

    with monkeypatch.context() as broken:
        broken.setattr(tilleuls.files, "delete", down)
        with pytest.raises(ObjectStoreDown):
            erase_outdated(tilleuls.db, tilleuls.files, now=datetime(2022, 12, 11, 9, 1, tzinfo=UTC))
    assert empty_trash(tilleuls.db, tilleuls.files, now=datetime(2022, 12, 11, 9, 2, tzinfo=UTC)) == 1, "made good"
    erased = [(event["document_id"], event["category"]) for event in tilleuls.published(api.DocumentErased)]
    assert erased == [(str(letter.document_id), "letter")]
    after_the_deposit = datetime(2025, 1, 1, tzinfo=UTC)  # the training ended on 30 June 2020
    assert erase_outdated(tilleuls.db, tilleuls.files, now=after_the_deposit) == 0
    assert erase_outdated(tilleuls.db, tilleuls.files, now=datetime(2025, 7, 2, tzinfo=UTC)) == 1
    assert [event["document_id"] for event in tilleuls.published(api.DocumentErased)][1:] == [str(payslip.document_id)]
    assert list(tilleuls.files.keys(FOLDER)) == []
    assert (tilleuls.count("documents"), tilleuls.count("document_versions")) == (0, 0)


def test_k38_without_a_term_a_document_stays(tilleuls: World) -> None:
    tilleuls.deposit()
    with tilleuls.db.work() as connection:
        known = category_store.read_categories(connection)
        for_ever = [one.model_copy(update={"retention_months": None}) for one in known.values()]
        category_store.save_categories(connection, 9, for_ever)
    assert erase_outdated(tilleuls.db, tilleuls.files, now=datetime(2100, 1, 1, tzinfo=UTC)) == 0
