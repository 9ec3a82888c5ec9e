"""Files of the tab Règlements: exports at once and in the making, the own files of the day, advices (S33, S34)."""

import re
from typing import Any
from uuid import UUID

from conftest import Store
from espace_contracts import documents, errors
from espace_contracts import payments as api
from fake_bus import NOW, FakeBus
from starlette.testclient import TestClient
from test_gateway_payments_page import words_of

EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def ready(store: Store, file_name: str, media_type: str = EXCEL, **more: Any) -> api.Export:
    """An export whose file lies in the store."""
    store.objects["/x"] = b"bytes"
    file = api.ExportedFile(url=f"{store.url}/x", file_name=file_name, media_type=media_type, size=5)
    return api.Export(state="ready", done=8, total=8, file=file, **more)


def test_s33_the_excel_file_comes_from_the_store_under_its_name(member: TestClient, bus: FakeBus, store: Store) -> None:
    bus.export_payments = lambda request: ready(store, "règlements 2019.xlsx")
    answer = member.get("/reglements/export.xlsx?q=18RCDI")
    assert answer.content == b"bytes"
    assert answer.headers["content-type"] == EXCEL
    assert "filename*=UTF-8''r%C3%A8glements%202019.xlsx" in answer.headers["content-disposition"]
    (asked,) = bus.asked(api.EXPORT_PAYMENTS)
    assert (asked.search.text, asked.legal_name, asked.actor.name, asked.format) == (
        "18RCDI", "Clinique des Tilleuls", "paie.tilleuls", "xlsx",
    )  # fmt: skip


def test_s33_csv_is_offered_beside_excel(member: TestClient, bus: FakeBus, store: Store) -> None:
    assert 'href="/reglements/export.csv?q=18RCDI"' in member.get("/reglements?q=18RCDI").text.replace("18RCDI4786", "")
    bus.export_payments = lambda request: ready(store, "r.csv", "text/csv; charset=utf-8")
    answer = member.get("/reglements/export.csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert bus.asked(api.EXPORT_PAYMENTS)[0].format == "csv"


def test_s33_a_long_export_is_followed_until_its_file_is_ready(member: TestClient, bus: FakeBus, store: Store) -> None:
    job = UUID(int=7)
    bus.export = api.Export(state="running", job_id=job, done=40_000, total=150_000)
    bus.export_payments = lambda request: bus.export
    followed = member.get("/reglements/export.xlsx").headers["location"]
    assert followed == f"/reglements/exports/{job}"
    page = member.get(followed).text
    assert "40 000 règlements sur 150 000" in words_of(page)
    assert re.search(rf'<noscript>\s*<p>\s*<a class="btn btn-quiet" href="{followed}">Actualiser', page)
    assert f'hx-get="{followed}"' in page
    assert member.get(f"{followed}/contenu").headers["location"] == followed
    bus.export = ready(store, "r.xlsx", job_id=job)
    part = member.get(followed, headers={"HX-Request": "true"}).text
    assert "<html" not in part
    assert "hx-get" not in part, "a ready file is not asked for again"
    assert f'href="{followed}/contenu"' in part
    assert member.get(f"{followed}/contenu").content == b"bytes"
    bus.export = bus.export.model_copy(update={"state": "failed", "file": None})
    assert "n’a pas pu être préparé" in member.get(followed).text


def test_s33_the_list_tells_when_a_long_export_is_ready_until_it_is_fetched(
    member: TestClient, bus: FakeBus, store: Store
) -> None:
    job = UUID(int=7)
    bus.export = api.Export(state="running", job_id=job, done=40_000, total=150_000)
    bus.export_payments = lambda request: bus.export
    assert "avis-export" not in member.get("/reglements").text
    member.get("/reglements/export.xlsx")
    notice = f"/reglements/exports/{job}/avis"
    assert f'hx-get="{notice}"' in member.get("/reglements").text
    assert "40 000 règlements sur 150 000" in words_of(member.get(notice).text)
    assert 'hx-trigger="every 5s"' in member.get(notice).text
    bus.export = ready(store, "r.xlsx", job_id=job)
    assert "Votre fichier est prêt. Télécharger" in words_of(member.get(notice).text)
    member.get(f"/reglements/exports/{job}/contenu")
    assert "avis-export" not in member.get("/reglements").text


def test_s33_the_notice_of_a_file_that_is_gone_is_no_notice(member: TestClient, bus: FakeBus) -> None:
    bus.export = api.Export(state="running", job_id=UUID(int=8), done=0, total=9)
    bus.export_payments = lambda request: bus.export
    member.get("/reglements/export.xlsx")
    bus.export = None
    assert words_of(member.get(f"/reglements/exports/{UUID(int=8)}/avis").text).strip() == ""
    assert "avis-export" not in member.get("/reglements").text
    member.cookies.set("export", "<script>", path="/reglements")
    assert member.get("/reglements").status_code == 200


def test_s33_the_own_files_of_the_day_stand_on_a_page(member: TestClient, bus: FakeBus, store: Store) -> None:
    assert "Aucun fichier pour le moment" in member.get("/reglements/exports").text
    for export, words in (
        (ready(store, "r.xlsx", job_id=UUID(int=7)), "Télécharger r.xlsx"),
        (api.Export(state="running", job_id=UUID(int=7), done=4, total=9), "En préparation : 4 sur 9"),
        (api.Export(state="failed", job_id=UUID(int=7), done=4, total=9), "N’a pas pu être préparé"),
    ):
        bus.export = export
        assert words in words_of(member.get("/reglements/exports").text)


def test_s33_more_than_a_sheet_holds_is_refused_with_the_reason(member: TestClient, bus: FakeBus) -> None:
    bus.refuse(api.EXPORT_PAYMENTS, errors.InvalidRequest("an Excel sheet holds 1048575 rows", "format"))
    answer = member.get("/reglements/export.xlsx?q=18RCDI")
    assert answer.status_code == 422
    assert "plus de règlements qu’un fichier Excel ne peut en tenir (1 048 575)" in words_of(answer.text)
    assert 'href="/reglements/export.csv?q=18RCDI"' in answer.text


def test_s54_anothers_export_is_not_found(member: TestClient) -> None:
    assert member.get(f"/reglements/exports/{UUID(int=8)}").status_code == 404
    assert member.get(f"/reglements/exports/{UUID(int=8)}/contenu").status_code == 404


def test_s34_each_payment_leads_to_its_remittance_advice(member: TestClient, bus: FakeBus, store: Store) -> None:
    assert 'href="/reglements/803455/avis"' in member.get("/reglements").text
    store.objects["/a"] = b"%PDF"
    bus.open_file = lambda request: documents.OpenedFile(
        url=f"{store.url}/a", file_name="avis.pdf", media_type="application/pdf", size=4, expires_at=NOW
    )
    assert member.get("/reglements/803455/avis").content == b"%PDF"
    (opened,) = bus.asked(documents.OPEN_FILE)
    assert opened.actor.name == "paie.tilleuls"
    missing = member.get("/reglements/999/avis")
    assert missing.status_code == 404
    assert "L’avis de virement de ce règlement n’est pas dans votre espace." in missing.text
    assert 'href="/reglements?q=999"' in missing.text
