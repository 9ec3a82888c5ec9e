"""S33: the file of the current search, through the real bucket, read back by readers that are not ours."""

import csv
import urllib.request
from datetime import UTC, date, datetime
from decimal import Decimal
from io import BytesIO, StringIO
from urllib.error import HTTPError
from zipfile import ZipFile

import openpyxl
import pytest
from espace_contracts import payments as api
from pydantic import SecretStr
from python_calamine import CalamineWorkbook

from chassis.objectstore import ObjectStore, ObjectStoreDown
from chassis.settings import ObjectStoreSettings
from services.payments.export_sheet import COLUMNS
from services.payments.exports import MEDIA_TYPE, Exports
from services.payments.search import read_search
from services.payments.store import lists
from services.payments.usecases import exports as exporting
from tests.service.payments.payment_builders import (
    CAMILLE,
    CLINIC,
    NEIGHBOUR,
    NOW,
    cancelled,
    guide_payments,
    issued,
    search,
)

HOSTILE = '=HYPERLINK("http://evil.example";"cliquez") 😀 <b>&'


@pytest.fixture
def export(portal, object_store):
    """Makes a file as the service does, fetches it by its address, and gives (answer, bytes)."""
    exports = Exports(object_store)

    def make(*, siret=CLINIC, file_format="xlsx", **criteria):
        request = api.ExportPayments(
            siret=siret, actor=CAMILLE, legal_name="Clinique", search=search(**criteria), format=file_format
        )
        with exports.draft(file_format) as draft:
            with portal.database.transaction(siret=siret) as connection:
                exporting.write_export(connection, request, draft, now=NOW)
            exported = exports.address(**exports.keep(draft, legal_name="Clinique", now=NOW))
        with urllib.request.urlopen(exported.url, timeout=10) as answer:
            assert f"reglements-clinique-2020-03-01.{file_format}" in answer.headers["Content-Disposition"]
            assert answer.headers["Content-Type"] == exported.media_type
            content = answer.read()
        assert len(content) == exported.size
        return exported, content

    return make


def table(content):
    """Lines of the first sheet as dictionaries, read by calamine."""
    header, *lines = CalamineWorkbook.from_filelike(BytesIO(content)).get_sheet_by_index(0).to_python()
    return [dict(zip(header, line, strict=True)) for line in lines]


def stated(content):
    """The second sheet as a dictionary, read by openpyxl."""
    return {row[0].value: row[1].value for row in openpyxl.load_workbook(BytesIO(content))["Recherche"].iter_rows()}


def test_s33_the_guides_payments_one_line_each_with_real_dates_and_numbers(portal, export):
    portal.record(*guide_payments())
    portal.tick("803455")
    _, content = export()
    lines = table(content)
    assert [line["N° règlement"] for line in lines] == [one.payment_number for one in portal.list().payments]
    assert sum(Decimal(str(line["Montant"])) for line in lines) == Decimal("29760.15")
    line = lines[4]
    assert line["Date de paiement"] == date(2019, 10, 31)
    assert (line["Montant"], line["Heures payées"]) == (3826.63, 151.67)
    assert (line["Nom"], line["Prénom"], line["N° dossier"]) == ("DUPUIS", "Audrey", "18RCDI4786")
    assert (line["Pointé"], line["Pointé par"]) == ("oui", "Camille Petit")
    assert line["Pointé le"] == datetime.combine(date(2020, 3, 1), datetime.min.time().replace(hour=13)), "Paris time"
    assert (lines[0]["Pointé"], lines[0]["Pointé le"]) == ("non", "")


def test_s33_several_periods_are_one_cell_with_first_and_last_day_as_dates(portal, export):
    portal.record(*guide_payments())
    line = table(export(text="803090")[1])[0]
    assert line["Périodes"] == "01/07/2019 au 31/07/2019 ; 01/08/2019 au 31/08/2019"
    assert (line["Premier jour"], line["Dernier jour"]) == (date(2019, 7, 1), date(2019, 8, 31))


def test_s33_formats_are_french_the_header_stays_and_filters_are_on(portal, export):
    portal.record(*guide_payments())
    sheet = openpyxl.load_workbook(BytesIO(export()[1]))["Règlements"]
    assert [cell.value for cell in sheet[1]] == [column.title for column in COLUMNS]
    formats = {cell.value: sheet.cell(2, cell.column).number_format for cell in sheet[1]}
    assert (formats["Date de paiement"], formats["Montant"]) == ("dd/mm/yyyy", '#,##0.00\\ "€"')
    assert (sheet.freeze_panes, sheet.auto_filter.ref) == ("A2", "A1:S9")


def test_s33_the_file_states_employer_filters_date_and_totals(portal, export):
    portal.record(*guide_payments())
    portal.tick("804871")
    criteria = {"paid_from": "2019-11-01", "paid_to": "2019-11-30", "text": "=1+1", "worked_to": "2020-01-01"}
    sheet = stated(export(**(criteria | {"text": "19"}))[1])
    assert (sheet["Employeur"], sheet["SIRET"]) == ("Clinique", CLINIC)
    assert (sheet["Exporté le"], sheet["Exporté par"]) == (NOW.replace(tzinfo=None, hour=13), "Camille Petit")
    assert (sheet["Date de paiement"], sheet["Période travaillée"]) == ("du 01/11/2019 au 30/11/2019", "au 01/01/2020")
    assert (sheet["Recherche"], sheet["Pointage"]) == ("19", "Tous")
    assert (sheet["Nombre de règlements"], sheet["Total"]) == (2, 6109.26)
    assert (sheet["Total pointé"], sheet["Reste à pointer"]) == (3054.63, 3054.63)
    nothing = stated(export(**criteria)[1])
    assert (nothing["Recherche"], nothing["Nombre de règlements"]) == ("=1+1", 0)


def test_s33_a_cancelled_payment_is_a_line_outside_the_column_of_amounts(portal, export):
    portal.record(issued("1"), issued("2", amount="-20.00", corrects="1"), cancelled("1"))
    first, second = table(export()[1])
    assert (first["Montant"], first["Montant annulé"], first["Annulé le"]) == ("", 100.0, date(2020, 2, 20))
    assert (second["Montant"], second["Montant annulé"], second["Corrige le règlement"]) == (-20.0, "", "1")
    assert stated(export()[1])["Total"] == float(portal.list().totals.amount) == -20.0


def test_s33_hostile_labels_are_text_and_never_a_formula(portal, export):
    names = {"last_name": "=1+1", "first_name": "@SUM(A1)"}
    portal.record(issued(training_title=HOSTILE, beneficiary=names, transfer_reference="+1", dossier_number="-1"))
    _, content = export()
    sheet = openpyxl.load_workbook(BytesIO(content))["Règlements"]
    texts = {cell.value: cell.data_type for cell in sheet[2] if isinstance(cell.value, str)}
    assert {HOSTILE, "=1+1", "@SUM(A1)", "+1", "-1"} <= set(texts)
    assert set(texts.values()) == {"s"}
    with ZipFile(BytesIO(content)) as archive:
        assert not any(b"<f>" in archive.read(name) for name in archive.namelist() if "worksheets" in name)


def test_s54_an_export_holds_only_the_employers_own(portal, export):
    portal.record(issued("1"), issued("2", siret=NEIGHBOUR))
    assert [line["N° règlement"] for line in table(export(siret=NEIGHBOUR)[1])] == ["2"]


def test_s54_a_files_address_cannot_be_turned_into_anothers(portal, export, object_store):
    exported, _ = export()
    (key,) = object_store.keys("exports/")
    object_store.put("exports/2020-03-01/other.xlsx", b"secret", MEDIA_TYPE)
    for url in (exported.url.replace(key, "exports/2020-03-01/other.xlsx"), exported.url.split("?")[0]):
        with pytest.raises(HTTPError) as refused:
            urllib.request.urlopen(url, timeout=10)
        assert refused.value.code == 403
        refused.value.close()


def test_s33_a_long_search_is_read_by_batches(portal, export, monkeypatch):
    monkeypatch.setattr("services.payments.store.lists.EXPORT_BATCH", 100)
    portal.record(*(issued(f"{number}", amount="1.00") for number in range(1000, 2050)))
    with portal.database.transaction(siret=CLINIC) as connection:
        batches = [len(batch) for batch in lists.stream(connection, CLINIC, read_search(api.PaymentSearch()))]
    assert batches == [100] * 10 + [50]
    lines = table(export()[1])
    assert [line["N° règlement"] for line in lines] == [f"{number}" for number in range(1000, 2050)]


def test_s33_a_store_that_is_down_is_said_and_nothing_stays_on_the_disk(portal, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    down = ObjectStoreSettings(
        s3_endpoint="http://127.0.0.1:9",
        s3_access_key=SecretStr("key"),
        s3_secret_key=SecretStr("not-the-right-one"),
        s3_bucket="payments",
    )
    request = api.ExportPayments(siret=CLINIC, actor=CAMILLE, legal_name="Clinique")
    exports = Exports(ObjectStore(down))
    with exports.draft() as draft:
        with portal.database.transaction(siret=CLINIC) as connection:
            exporting.write_export(connection, request, draft, now=NOW)
        assert draft.path.exists()
        with pytest.raises(ObjectStoreDown):
            exports.keep(draft, legal_name="Clinique", now=NOW)
    assert list(tmp_path.iterdir()) == []


def test_k38_exported_files_are_swept_after_a_day(object_store):
    exports = Exports(object_store)
    for day in ("2020-02-28", "2020-02-29", "2020-03-01"):
        object_store.put(f"exports/{day}/a.xlsx", b"x", MEDIA_TYPE)
    assert exports.sweep(now=datetime(2020, 3, 1, 0, 5, tzinfo=UTC)) == 1
    assert sorted(object_store.keys("exports/")) == ["exports/2020-02-29/a.xlsx", "exports/2020-03-01/a.xlsx"]


def test_s33_an_export_is_told_of(portal, payments_db):
    request = api.ExportPayments(siret=CLINIC, actor=CAMILLE, legal_name="Clinique", format="csv")
    with payments_db.transaction(siret=CLINIC) as connection:
        exporting.note_export(connection, request, count=8, now=NOW)
    told = {"siret": CLINIC, "account_id": str(CAMILLE.account_id), "count": 8, "format": "csv"}
    assert portal.events() == [("PaymentsExported.v1", told)]


def read_csv(content):
    """The lines of a CSV as a French spreadsheet reads it."""
    assert content.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(StringIO(content.decode("utf-8-sig"), newline=""), delimiter=";"))


def test_s33_csv_has_semicolons_french_dates_and_decimal_commas(portal, export):
    portal.record(*guide_payments())
    portal.tick("803455")
    exported, content = export(file_format="csv")
    assert exported.media_type == "text/csv; charset=utf-8"
    lines = read_csv(content)
    assert content.count(b"\r\n") == len(lines) + 1 == 9
    assert list(lines[0]) == [column.title for column in COLUMNS]
    line = lines[4]
    assert (line["Date de paiement"], line["Montant"], line["Heures payées"]) == ("31/10/2019", "3826,63", "151,67")
    assert (line["Pointé le"], line["Pointé par"]) == ("01/03/2020 13:00", "Camille Petit")
    assert sum(Decimal(line["Montant"].replace(",", ".")) for line in lines) == Decimal("29760.15")


def test_s33_csv_holds_no_formula_and_negative_amounts_stay_numbers(portal, export):
    names = {"last_name": "=1+1", "first_name": "@SUM(A1)"}
    portal.record(issued(training_title=HOSTILE, beneficiary=names, transfer_reference="+1;2", amount="-20.00"))
    (line,) = read_csv(export(file_format="csv")[1])
    assert (line["Nom"], line["Prénom"], line["Formation"]) == ("'=1+1", "'@SUM(A1)", f"'{HOSTILE}")
    assert (line["Référence du virement"], line["Montant"]) == ("'+1;2", "-20,00")
