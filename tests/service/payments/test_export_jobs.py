"""S33: long exports are jobs: under a lease, told of once, seen only by their employer."""

import csv
import urllib.request
from datetime import timedelta
from io import StringIO
from uuid import uuid4

import pytest
from espace_contracts import payments as api
from espace_contracts.errors import InvalidRequest, NotFound
from sqlalchemy import text

from chassis.objectstore import ObjectStoreDown
from services.payments.export_worker import ExportJobs, TakenOver, Watched
from services.payments.exports import Exports
from services.payments.store import export_jobs
from services.payments.usecases import exports as exporting
from tests.service.payments.payment_builders import CAMILLE, CLINIC, NEIGHBOUR, NOW, issued, search


@pytest.fixture
def jobs(payments_db, object_store):
    return ExportJobs(payments_db, Exports(object_store), lease=60)


@pytest.fixture
def ask(portal):
    """Asks for an export of the clinic's payments; its id."""

    def asking(**criteria):
        wanted = search(**criteria)
        request = api.ExportPayments(siret=CLINIC, actor=CAMILLE, legal_name="Clinique", search=wanted, format="csv")
        with portal.database.transaction(siret=CLINIC) as connection:
            total = exporting.size_of(connection, request)
            return exporting.ask(connection, request, total=total, now=NOW).job_id

    return asking


def find(portal, job_id, siret=CLINIC):
    with portal.database.transaction(siret=siret) as connection:
        return exporting.find_job(connection, api.GetExport(siret=siret, job_id=job_id))


def claim(portal, lease=60.0):
    with portal.database.work() as connection:
        return export_jobs.claim(connection, lease=lease, now=NOW)


def exported_events(portal):
    return [data for kind, data in portal.events() if kind == "PaymentsExported.v1"]


def test_s33_a_job_waits_runs_and_leaves_its_file_for_a_day(portal, jobs, ask, object_store):
    portal.record(issued("1"), issued("2"), issued("3", siret=NEIGHBOUR))
    job_id = ask()
    waiting = find(portal, job_id)
    assert (waiting.state, waiting.done, waiting.total) == ("waiting", 0, 2)
    assert jobs.work(now=NOW) is True
    ready = find(portal, job_id)
    assert (ready.state, ready.done, ready.file_name) == ("ready", 2, "reglements-clinique-2020-03-01.csv")
    assert list(object_store.keys()) == [ready.object_key]
    address = Exports(object_store).address(
        object_key=ready.object_key, file_name=ready.file_name, media_type=ready.media_type, size=ready.size
    )
    with urllib.request.urlopen(address.url, timeout=10) as answer:
        lines = list(csv.DictReader(StringIO(answer.read().decode("utf-8-sig")), delimiter=";"))
    assert [line["N° règlement"] for line in lines] == ["1", "2"]
    assert [data["count"] for data in exported_events(portal)] == [2]
    assert jobs.work(now=NOW) is False


def test_s54_a_job_is_seen_only_by_its_employer(portal, ask):
    job_id = ask()
    with pytest.raises(NotFound):
        find(portal, job_id, siret=NEIGHBOUR)
    with pytest.raises(NotFound):
        find(portal, uuid4())
    with portal.database.transaction(siret=NEIGHBOUR) as connection:
        assert connection.execute(text("select count(*) from export_jobs")).scalar_one() == 0


def test_a_job_under_a_lease_is_nobody_elses_until_the_lease_ends(portal, ask):
    ask()
    first = claim(portal)
    assert claim(portal) is None
    with portal.database.work() as connection:
        assert export_jobs.renew(connection, first, done=0, lease=-1)
    second = claim(portal)
    assert (second.id, second.attempts) == (first.id, 2)
    with portal.database.work() as connection:
        assert not export_jobs.renew(connection, first, done=1, lease=60), "the first holder has lost it"
        assert export_jobs.renew(connection, second, done=1, lease=60)


def test_a_job_that_was_taken_over_is_finished_and_told_of_once(portal, jobs, ask, monkeypatch):
    portal.record(issued("1"))
    job_id = ask()
    write = exporting.write_export

    def slow_write(connection, request, sheet, *, now):
        count = write(connection, request, sheet, now=now)
        monkeypatch.setattr(exporting, "write_export", write)
        with portal.database.work() as other:
            other.execute(text("update export_jobs set leased_until = now() - interval '1 second'"))
        assert jobs.work(now=NOW), "another process makes it meanwhile"
        return count

    monkeypatch.setattr(exporting, "write_export", slow_write)
    assert jobs.work(now=NOW)
    assert find(portal, job_id).state == "ready"
    assert len(exported_events(portal)) == 1


def test_a_job_that_fails_is_tried_three_times_and_then_said_to_have_failed(portal, jobs, ask, monkeypatch):
    job_id = ask()

    def no_store(*_, **__):
        raise ObjectStoreDown("put_object")

    monkeypatch.setattr(Exports, "keep", no_store)
    for attempt in (1, 2, 3):
        with pytest.raises(ObjectStoreDown):
            jobs.work(now=NOW)
        assert (find(portal, job_id).state, find(portal, job_id).attempts) == ("running", attempt)
    assert jobs.work(now=NOW) is False
    assert (find(portal, job_id).state, find(portal, job_id).finished_at) == ("failed", NOW)
    assert exported_events(portal) == []


def test_progress_is_written_while_the_file_grows(portal, ask, monkeypatch):
    monkeypatch.setattr("services.payments.export_worker.REPORT_SECONDS", 0)
    job_id = ask()
    job = claim(portal)
    seen = []

    class Nothing:
        def add(self, payments):
            """Take them."""

    def report(done):
        with portal.database.work() as connection:
            assert export_jobs.renew(connection, job, done=done, lease=60)
        seen.append(find(portal, job_id).done)

    watched = Watched(Nothing(), report)
    watched.add([None] * 2000)
    watched.add([None] * 500)
    assert seen == [2000, 2500]


def test_a_worker_that_has_lost_its_lease_stops_writing(portal, jobs, ask, monkeypatch):
    portal.record(issued("1"))
    ask()
    job = claim(portal)
    with portal.database.work() as connection:
        export_jobs.renew(connection, job, done=0, lease=-1)
    claim(portal)
    with pytest.raises(TakenOver):
        jobs._report(job, 1)


def test_k38_jobs_are_forgotten_after_a_day_unless_somebody_works_at_them(portal, ask):
    for _ in range(2):
        ask()
    claim(portal)
    with portal.database.work() as connection:
        assert export_jobs.forget(connection, before=NOW) == 0
        assert export_jobs.forget(connection, before=NOW + timedelta(seconds=1)) == 1


def test_s30_an_impossible_search_makes_no_job(ask):
    with pytest.raises(InvalidRequest):
        ask(paid_from="2020-02-02", paid_to="2020-02-01")


def listed(portal, *, siret=CLINIC, account_id=CAMILLE.account_id, now=NOW):
    request = api.ListExports(siret=siret, account_id=account_id)
    with portal.database.transaction(siret=siret) as connection:
        return exporting.list_made(connection, request, now=now).exports


def test_s33_a_person_finds_the_own_files_of_the_last_day_and_nobody_elses(portal, jobs, ask):
    portal.record(issued("1"))
    first, second = ask(), ask()
    jobs.work(now=NOW)
    found = listed(portal)
    assert {one.job_id for one in found} == {first, second}
    assert sorted((one.state, one.format, one.total, one.file_name or "") for one in found) == [
        ("ready", "csv", 1, "reglements-clinique-2020-03-01.csv"),
        ("waiting", "csv", 1, ""),
    ]
    assert listed(portal, account_id=uuid4()) == ()
    assert listed(portal, siret=NEIGHBOUR) == ()
    assert listed(portal, now=NOW + timedelta(days=1, seconds=1)) == ()


def test_s33_a_file_made_within_the_call_is_among_them(portal):
    request = api.ExportPayments(siret=CLINIC, actor=CAMILLE, legal_name="Clinique")
    file = {"object_key": "exports/2020-03-01/a.xlsx", "file_name": "a.xlsx", "media_type": "x", "size": 9}
    with portal.database.transaction(siret=CLINIC) as connection:
        exporting.keep_made(connection, request, file, count=3, now=NOW)
    (one,) = listed(portal)
    assert (one.state, one.format, one.done, one.total, one.file_name, one.size) == ("ready", "xlsx", 3, 3, "a.xlsx", 9)
    assert find(portal, one.job_id).object_key == "exports/2020-03-01/a.xlsx"


def test_s33_more_payments_than_a_sheet_has_rows_are_refused_before_any_work_but_not_as_csv(portal, monkeypatch):
    monkeypatch.setattr(exporting, "MOST_ROWS", 2)
    portal.record(issued("1"), issued("2"), issued("3"))

    def size(file_format):
        request = api.ExportPayments(siret=CLINIC, actor=CAMILLE, legal_name="Clinique", format=file_format)
        with portal.database.transaction(siret=CLINIC) as connection:
            return exporting.size_of(connection, request)

    with pytest.raises(InvalidRequest) as refusal:
        size("xlsx")
    assert refusal.value.fields == ("format",)
    assert size("csv") == 3
