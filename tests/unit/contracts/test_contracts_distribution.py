"""`pip install ./contracts` in an environment without anything of ours: typed messages, golden samples, a pytest plugin."""

import re
import shutil
import subprocess
import sys
import venv
from importlib.metadata import Distribution, distribution
from pathlib import Path

import pytest

from ops.folders import ROOT

THEIR_TESTS = '''
import json

import pytest
from espace_contracts.envelope import read_event
from espace_contracts.payments import PaymentRecorded


def total(body: bytes) -> str:
    """Their consumer."""
    return str(read_event(body, PaymentRecorded).data.amount)


def test_consumer_reads_the_golden_sample(espace_event):
    assert total(json.dumps(espace_event("PaymentRecorded.v1")).encode()) == "2764.94"


def test_samples_are_fresh_copies(espace_event):
    espace_event("PaymentIssued.v1")["data"].clear()
    assert espace_event("PaymentIssued.v1")["data"]["payment_number"] == "806112"


def test_publisher_is_checked(espace_event, assert_espace_event):
    event = espace_event("PaymentIssued.v1")
    assert_espace_event(json.dumps(event).encode())
    event["data"]["amount"] = 2764.94
    with pytest.raises(AssertionError, match="data.amount"):
        assert_espace_event(json.dumps(event).encode())
    with pytest.raises(AssertionError, match="unknown type"):
        assert_espace_event(json.dumps(event | {"type": "Nobody.v1"}).encode())


def test_caller_is_checked(espace_request, espace_answer, assert_espace_request):
    assert_espace_request("payments.record_payments", espace_request("payments.record_payments"))
    with pytest.raises(pytest.fail.Exception, match="payments"):
        assert_espace_request("payments.record_payments", {"payments": []})
    assert espace_answer("payments.record_payments")["recorded"] == 1


def test_nothing_of_the_portal_came_along():
    for name in ("nameko", "kombu", "chassis", "services"):
        with pytest.raises(ModuleNotFoundError):
            __import__(name)
'''


def needed(*names: str) -> dict[str, Distribution]:
    """These distributions and what they need, as they lie in the environment of this test."""
    found: dict[str, Distribution] = {}
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        found[name] = distribution(name)
        for line in found[name].requires or []:
            if ";" not in line:
                waiting.append(re.split(r"[^A-Za-z0-9._-]", line, maxsplit=1)[0])
    return found


def borrow(site: Path) -> None:
    """Link pydantic, pytest and what they need, and nothing else, into *site*: no registry is asked."""
    for dist in needed("pydantic", "pytest", "pygments").values():
        for top in {file.parts[0] for file in dist.files or [] if file.parts[0] not in ("..", "__pycache__")}:
            source = Path(str(dist.locate_file(top)))
            if source.exists() and not (site / top).exists():
                (site / top).symlink_to(source)


@pytest.fixture(scope="module")
def their_python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of another team's environment, `./contracts` installed by pip."""
    folder = tmp_path_factory.mktemp("another-team")
    venv.create(folder / "venv", with_pip=False)
    python = folder / "venv" / "bin" / "python"
    source = shutil.copytree(
        ROOT / "contracts", folder / "contracts", ignore=shutil.ignore_patterns("*.egg-info", "build")
    )
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
    options = ["--no-deps", "--no-index", "--no-build-isolation"]
    subprocess.run([*pip, "wheel", *options, "--wheel-dir", folder, source], check=True)
    (wheel,) = folder.glob("espace_contracts-*.whl")
    subprocess.run([*pip, "--python", python, "install", "--no-deps", "--no-index", wheel], check=True)
    borrow(next((folder / "venv").glob("lib/python3.*/site-packages")))
    return python


def test_another_team_tests_with_the_plugin_and_without_nameko(their_python: Path, tmp_path: Path) -> None:
    (tmp_path / "test_theirs.py").write_text(THEIR_TESTS)
    command = [their_python, "-P", "-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider", tmp_path]
    result = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, check=False, env={"PATH": "/usr/bin:/bin"}
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert "5 passed" in result.stdout
