"""The command `espace`: quick to start, and clear about settings that do not fit."""

import subprocess
import sys

import pytest
from click.testing import CliRunner

from ops import benching
from ops.cli import main
from ops.folders import ROOT, StackFolder
from ops.settings_check import faults

HEAVY = ("kombu", "boto3", "psycopg", "sqlalchemy", "nameko", "eventlet", "fastapi", "nacl", "asyncio", "pydantic")


@pytest.mark.parametrize("module", ["ops.cli", "ops.stop", "ops.bootstrap"])
def test_a_quick_command_imports_nothing_heavy(module):
    code = f"import sys, {module}; print([name for name in {HEAVY} if name in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert found.stdout == "[]\n"


def test_a_run_keeps_services_and_gateway_out_of_its_own_process():
    code = "import sys, ops.run; print([name for name in ('nameko', 'eventlet', 'fastapi') if name in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert found.stdout == "[]\n"


@pytest.mark.parametrize("command", ["run", "stop", "reset", "test", "bench", "migrate", "demo", "check-settings"])
def test_every_command_explains_itself(command):
    answer = CliRunner().invoke(main, [command, "--help"])
    assert answer.exit_code == 0
    assert len(answer.output.splitlines()) > 3


def test_all_faults_of_all_processes_are_listed_at_once_without_values(monkeypatch):
    monkeypatch.setenv("PAYMENTS_HTTP_PORT", "seventy-thousand-secrets")
    monkeypatch.setenv("GATEWAY_LOG_LEVEL", "LOUD")
    found = faults()
    assert {line.partition(":")[0] for line in found} >= {
        "IDENTITY_AMQP_URL",
        "IDENTITY_PRIVATE_KEY",
        "PAYMENTS_HTTP_PORT",
        "DOCUMENTS_S3_BUCKET",
        "GATEWAY_LOG_LEVEL",
        "GATEWAY_IDENTITY_PUBLIC_KEY",
    }
    assert "seventy-thousand-secrets" not in "".join(found)


def test_faults_end_the_command_with_an_error():
    answer = CliRunner().invoke(main, ["check-settings", "payments"])
    assert answer.exit_code == 1
    assert "PAYMENTS_AMQP_URL: " in answer.output
    assert "IDENTITY_" not in answer.output


@pytest.mark.parametrize("command", ["demo", "ping", "outbox", "dead-letters list", "accounts show 73282932000074"])
def test_a_command_without_a_running_portal_says_so_in_a_line(command, tmp_path, monkeypatch):
    monkeypatch.setattr("ops.folders.RUN", StackFolder(tmp_path, tmp_path / "stack.json"))
    answer = CliRunner().invoke(main, command.split())
    assert answer.exit_code == 1
    assert "nothing runs from this checkout" in answer.output
    assert len(answer.output.splitlines()) == 1


def test_a_migration_without_settings_names_what_is_missing():
    answer = CliRunner().invoke(main, ["migrate"])
    assert answer.exit_code == 1
    assert "The setting IDENTITY_OWNER_DATABASE_URL is missing." in answer.output


def test_a_migration_whose_server_is_away_says_which_in_a_line(monkeypatch):
    nowhere = "postgresql://owner:a-password@127.0.0.1:1/identity"  # nobody listens there
    for name in ("OPS_POSTGRES_URL", *(f"IDENTITY_{role}DATABASE_URL" for role in ("", "OWNER_", "WORKER_"))):
        monkeypatch.setenv(name, nowhere)
    answer = CliRunner().invoke(main, ["migrate"])
    assert answer.exit_code == 1
    assert answer.output.startswith("Error: PostgreSQL: ")
    assert "Connection refused" in answer.output
    assert "a-password" not in answer.output
    assert len(answer.output.splitlines()) == 1


def test_measurements_are_what_keeps_results_and_not_the_servers_that_they_start():
    known = benching.known()
    assert {"start", "excel", "enumeration", "soak"} <= set(known)
    assert not {"files_gateway", "gateway_servers", "excel_writers", "results_file"} & set(known)


def test_every_measurement_says_what_it_measures():
    listed = CliRunner().invoke(main, ["bench", "--list"]).output.splitlines()
    assert [line.split()[0] for line in listed] == benching.known()
    assert all(len(line.split()) > 5 for line in listed)


def test_an_unknown_measurement_is_refused_with_the_known_ones(capsys):
    assert benching.run_benches(("nothing",)) == 2
    assert "start" in capsys.readouterr().err


def test_a_measurement_that_breaks_off_is_an_error_and_the_others_still_run(monkeypatch):
    ran = []
    monkeypatch.setattr(benching, "known", lambda: ["a", "b"])
    monkeypatch.setattr(benching, "_run", lambda name: ran.append(name) or name != "a")
    assert benching.run_benches(()) == 1
    assert ran == ["a", "b"]
