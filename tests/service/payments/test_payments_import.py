"""`espace payments import` over a real broker: recorded once, however often it is given."""

from click.testing import CliRunner
from espace_contracts import payments as api

from ops.payments_import import payments
from tests.service.payments.payment_builders import CLINIC

HEADER = (
    "N° règlement;SIRET;N° dossier;Nom;Prénom;Formation;Montant;Heures payées;Périodes;Date de paiement;"
    "Référence du virement"
)
LINE = "{};73282932000074;18RCDI4786;DUPUIS;Zoé;INFIRMIER;{};151,67;01/09/2019 au 30/09/2019;31/10/2019;TP-{}"


def write(path, *rows):
    lines = [LINE.format(number, amount, number) for number, amount in rows]
    path.write_bytes("\n".join([HEADER, *lines]).encode("cp1252"))
    return str(path)


def test_a_file_is_recorded_once_and_a_changed_one_says_what_differs(running, tmp_path):
    def run(*rows):
        file = write(tmp_path / "payments.csv", *rows)
        return CliRunner().invoke(payments, ["import", file, "--amqp", running.funder_url])

    many = [(f"{number}", "10,50") for number in range(1000, 1700)]
    first = run(*many)
    assert (first.exit_code, "700 recorded, 0 known already, 0 refused." in first.output) == (0, True)
    assert "700 recorded" in run(*many).output, "the first answers again, by their keys"
    changed = run(*many, ("1699", "11,00"))
    assert changed.exit_code == 1
    assert "line 702: the same payment and version as line 701" in changed.output
    changed = run(("1000", "11,00"), ("2000", "1,00"))
    assert changed.exit_code == 1
    assert "0 recorded, 0 known already, 1 refused." in changed.output
    assert "line 2: this version of the payment is known with other facts" in changed.output
    totals = running.call(api.LIST_PAYMENTS, api.ListPayments(siret=CLINIC)).totals
    assert (totals.count, str(totals.amount)) == (700, "7350.00")
