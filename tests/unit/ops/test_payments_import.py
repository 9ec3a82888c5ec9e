"""`espace payments import`: what a file may look like, and what is said of a faulty one."""

import pytest
from click.testing import CliRunner
from espace_contracts import payments as api

from ops.payments_file import MOST_TOLD, NotAPaymentsFile, check
from ops.payments_import import payments
from ops.payments_recording import take

HEADER = (
    "N° règlement;SIRET;N° dossier;Nom;Prénom;Formation;Montant;Heures payées;Périodes;Date de paiement;"
    "Référence du virement"
)
GOOD = (
    "803455;732 829 320 00074;18RCDI4786;DUPUIS;Zoé;INFIRMIER BLOC OPÉRATOIRE;3 826,63 €;151,67;"
    "01/09/2019 au 30/09/2019;31/10/2019;TP20191031-803455"
)


def file(*lines, header=HEADER, encoding="utf-8"):
    return "\r\n".join((header, *lines, "")).encode(encoding)


def faults(*lines, **more):
    return [(fault.line, fault.reason) for fault in check(file(*lines, **more)).faults]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
def test_a_line_becomes_a_payment_as_on_the_bus(encoding):
    (payment,) = check(file(GOOD, encoding=encoding)).payments
    assert payment == {
        "payment_number": "803455",
        "version": 1,
        "siret": "73282932000074",
        "dossier_number": "18RCDI4786",
        "beneficiary": {"last_name": "DUPUIS", "first_name": "Zoé"},
        "training_title": "INFIRMIER BLOC OPÉRATOIRE",
        "amount": "3826.63",
        "currency": "EUR",
        "paid_hours": "151.67",
        "periods": [{"start": "2019-09-01", "end": "2019-09-30"}],
        "paid_on": "2019-10-31",
        "transfer_reference": "TP20191031-803455",
    }


@pytest.mark.parametrize(
    ("written", "read"),
    [("-102,3", "-102.30"), ("\u22125", "-5.00"), ("1\u202f234,5 €", "1234.50"), ("12.50", "12.50"), ("+7", "7.00")],
)
def test_amounts_are_read_as_the_french_write_them(written, read):
    (payment,) = check(file(GOOD.replace("3 826,63 €", written))).payments
    assert payment["amount"] == read


@pytest.mark.parametrize(
    "written",
    ["01/09/2019 au 30/09/2019 + 01/10/2019 au 31/10/2019", '"01/09/2019 au 30/09/2019 ; 2019-10-01 au 31/10/2019"'],
)
def test_several_periods_stand_in_one_cell(written):
    (payment,) = check(file(GOOD.replace("01/09/2019 au 30/09/2019", written))).payments
    assert [period["end"] for period in payment["periods"]] == ["2019-09-30", "2019-10-31"]


def test_version_and_corrected_payment_are_optional_columns():
    header = f"{HEADER};Version;Corrige le règlement"
    first, second = check(file(f"{GOOD};3;803102", f"{GOOD.replace('803455', '803456')};;", header=header)).payments
    assert (first["version"], first["corrects"]) == (3, "803102")
    assert (second["version"], "corrects" in second) == (1, False)


@pytest.mark.parametrize(
    ("right", "wrong", "reason"),
    [
        ("732 829 320 00074", "73282932000075", "siret: is not a SIRET"),
        ("3 826,63 €", "3826,633", "montant: is not a number"),
        ("3 826,63 €", "1E5", "montant: is not a number"),
        ("3 826,63 €", "0,00", "montant: amount is zero"),
        ("3 826,63 €", "1000000000000000", "montant:"),
        ("31/10/2019", "31/02/2019", "date de paiement: is not a date"),
        ("01/09/2019 au 30/09/2019", "09/2019", "periodes: is not a period"),
        ("01/09/2019 au 30/09/2019", "30/09/2019 au 01/09/2019", "periodes: ends before it starts"),
        (
            "01/09/2019 au 30/09/2019",
            "01/09/2019 au 30/09/2019 + 30/09/2019 au 31/10/2019",
            "periodes: periods overlap",
        ),
        ("DUPUIS", "", "nom: String should have at least 1 character"),
        ("INFIRMIER BLOC OPÉRATOIRE", "x" * 10_000, "formation: String should have at most 200 characters"),
        ("Zoé", "Zoé\u202e", "prenom: contains control or direction characters"),
        (";TP20191031-803455", "", "10 cells instead of 11"),
    ],
)
def test_a_faulty_line_is_told_with_its_number_and_reason(right, wrong, reason):
    ((line, said),) = faults(GOOD.replace("803455;", "803454;"), "", GOOD.replace(right, wrong))
    assert line == 4
    assert said.startswith(reason)


def test_all_faulty_lines_are_told_of_and_all_faults_of_a_line():
    broken = GOOD.replace("31/10/2019", "demain").replace("151,67", "151:40")
    assert [line for line, _ in faults(broken, GOOD, broken)] == [2, 2, 4, 4]


def test_a_payment_that_comes_twice_is_a_fault():
    assert faults(GOOD, GOOD) == [(3, "the same payment and version as line 2")]


def test_a_cell_of_several_lines_does_not_shift_the_count():
    first = GOOD.replace("803455;", "803454;").replace("TP20191031-803455", '"TP 1"')
    assert [line for line, _ in faults(first.replace("DUPUIS", '"DU\nPUIS"'), GOOD.replace("151,67", "x"))] == [2, 4]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "missing: n reglement"),
        (file(GOOD, header=HEADER.replace("Montant", "Somme")), "unknown: Somme; missing: montant"),
        (file(GOOD, header=HEADER.replace(";", ",")), "unknown"),
        (b"\x81\x8d", "neither UTF-8"),
        (file('"open'), "line 2"),
    ],
)
def test_a_file_that_is_none_is_said_so(content, said):
    with pytest.raises(NotAPaymentsFile, match=said):
        check(content)


def test_calls_are_bounded_and_keyed_by_the_files_content():
    content = file(*(GOOD.replace("803455;", f"{number};") for number in range(1000, 2001)))
    asked, sent = [], []

    def call(request):
        asked.append(request)
        return api.RecordedPayments(recorded=len(request.payments), unchanged=0)

    imported = take(check(content), content, call=call, step=sent.append)
    assert (imported.recorded, sent) == (1001, [500, 500, 1])
    keys = [request.idempotency_key for request in asked]
    again = []
    take(check(content), content, call=lambda request: again.append(request) or call(request), step=sent.append)
    assert [request.idempotency_key for request in again] == keys
    assert len(set(keys)) == 3
    asked.clear()
    take(check(content), content, call=call, step=sent.append, check_only=True)
    assert {(request.check_only, request.idempotency_key) for request in asked} == {(True, None)}


def test_what_the_service_refuses_is_told_by_its_line():
    content = file(GOOD, GOOD.replace("803455;", "803456;"))
    refused = api.RejectedPayment(index=1, reason="version_conflict", fields=("version",))
    answer = api.RecordedPayments(recorded=1, unchanged=0, rejected=(refused,))
    (fault,) = take(check(content), content, call=lambda _: answer, step=lambda _: None).refused
    assert (fault.line, "raise the version" in fault.reason) == (3, True)


def run(tmp_path, content, *options):
    path = tmp_path / "payments.csv"
    path.write_bytes(content)
    return CliRunner().invoke(payments, ["import", str(path), *options])


def test_nothing_is_sent_of_a_faulty_file(tmp_path, monkeypatch):
    monkeypatch.setattr("ops.payments_recording.send", lambda *_, **__: pytest.fail("nothing may be sent"))
    lines = [GOOD.replace("151,67", "x")] * (MOST_TOLD + 5)
    result = run(tmp_path, file(GOOD, *lines), "--amqp", "amqp://nowhere")
    assert result.exit_code == 1
    assert "line 3: heures payees" in result.output
    assert "and 5 more faults" in result.output
    assert f"{MOST_TOLD + 5} of {MOST_TOLD + 6} lines are faulty: nothing was imported." in result.output


def test_a_file_can_be_checked_alone(tmp_path):
    result = run(tmp_path, file(GOOD), "--check-only")
    assert (result.exit_code, result.output) == (0, "1 payments, no fault; nothing was imported.\n")
