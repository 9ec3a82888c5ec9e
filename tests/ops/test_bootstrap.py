"""The set-up does each step once for the same inputs, and a failure is shown where it happened."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from ops import apt, bootstrap, stamps
from ops.folders import ROOT

STANDARD_LIBRARY_ONLY = ("bootstrap", "stop", "lock")


@pytest.fixture
def one_step(tmp_path, monkeypatch):
    """A set-up of one step that notes each time it is done."""
    done, source, product = [], tmp_path / "input", tmp_path / "product"
    source.write_text("1")

    def work():
        product.mkdir(exist_ok=True)
        done.append(source.read_text())

    step = bootstrap.Step("Making it", product / "stamp", (source,), work)
    monkeypatch.setattr(bootstrap, "steps", lambda: [step])
    monkeypatch.setattr(apt, "missing", lambda packages: [])
    return done, source, product


def test_a_step_is_done_once(one_step, capsys):
    done, _, _ = one_step
    bootstrap.set_up("run")
    bootstrap.set_up("run")
    assert done == ["1"]
    assert capsys.readouterr().out == "Making it …\n  done in 0 s\n"


def test_a_changed_input_does_it_again(one_step):
    done, source, _ = one_step
    bootstrap.set_up("run")
    source.write_text("2")
    bootstrap.set_up("run")
    assert done == ["1", "2"]


def test_a_deleted_product_is_made_again(one_step):
    done, _, product = one_step
    bootstrap.set_up("run")
    (product / "stamp").unlink()
    bootstrap.set_up("run")
    assert done == ["1", "1"]


def test_a_step_that_fails_leaves_no_stamp(one_step, monkeypatch):
    _, source, product = one_step

    def fail():
        product.mkdir()
        raise bootstrap.SetupError("no")

    step = bootstrap.Step("Making it", product / "stamp", (source,), fail)
    monkeypatch.setattr(bootstrap, "steps", lambda: [step])
    with pytest.raises(bootstrap.SetupError):
        bootstrap.set_up("run")
    assert not (product / "stamp").exists()


def test_the_fingerprint_of_a_folder_follows_names_and_contents_but_not_what_is_installed(tmp_path):
    (tmp_path / "a.css").write_text("a")
    first = stamps.fingerprint([tmp_path])
    (tmp_path / "node_modules").mkdir()
    (tmp_path / "node_modules" / "big.js").write_text("x")
    assert stamps.fingerprint([tmp_path]) == first
    (tmp_path / "a.css").rename(tmp_path / "b.css")
    second = stamps.fingerprint([tmp_path])
    (tmp_path / "b.css").write_text("b")
    assert len({first, second, stamps.fingerprint([tmp_path])}) == 3


def test_a_failing_command_shows_the_end_of_its_log(tmp_path, monkeypatch):
    monkeypatch.setattr(bootstrap, "SETUP", tmp_path)
    (tmp_path / "npm.log").write_text("of an earlier run, é\n")
    code = "import sys; [print('line', n) for n in range(100)]; print('ENOSPC'); sys.exit(3)"
    with pytest.raises(bootstrap.SetupError) as failure:
        bootstrap._run("npm", [sys.executable, "-c", code])
    text = str(failure.value)
    assert "failed (3)" in text
    assert "ENOSPC" in text
    assert "line 99" in text
    assert "line 10\n" not in text
    assert "earlier" not in text


def test_who_is_not_root_gets_the_exact_command(monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(apt.shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(apt, "missing", lambda packages: ["rabbitmq-server", "chromium"])
    monkeypatch.setattr(bootstrap, "steps", lambda: pytest.fail("nothing may begin that cannot end"))
    with pytest.raises(bootstrap.SetupError) as refused:
        bootstrap.set_up("test")
    assert "apt-get install --yes --no-install-recommends rabbitmq-server chromium" in str(refused.value)


def test_apt_works_while_the_steps_do(tmp_path, monkeypatch):
    begun = threading.Event()
    step = bootstrap.Step("begins", tmp_path / "stamp", ("x",), begun.set)
    seen = []
    monkeypatch.setattr(apt, "missing", lambda packages: ["rabbitmq-server"])
    monkeypatch.setattr(apt, "check", lambda names: None)
    monkeypatch.setattr(apt, "install", lambda names, run: seen.append((names, begun.wait(20))))
    monkeypatch.setattr(bootstrap, "steps", lambda: [step])
    bootstrap.set_up("run")
    assert seen == [(["rabbitmq-server"], True)]


def test_installing_never_starts_a_service(tmp_path, monkeypatch):
    policy = tmp_path / "policy-rc.d"
    monkeypatch.setattr(apt, "POLICY", policy)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(apt.shutil, "which", lambda name: f"/usr/bin/{name}")
    verdicts = []
    apt.install(["rabbitmq-server"], lambda command: verdicts.append(subprocess.run([policy], check=False).returncode))
    assert verdicts == [101, 101]
    assert not policy.exists()


def test_a_policy_of_the_machine_itself_stays(tmp_path, monkeypatch):
    policy = tmp_path / "policy-rc.d"
    policy.write_text("theirs")
    monkeypatch.setattr(apt, "POLICY", policy)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(apt.shutil, "which", lambda name: f"/usr/bin/{name}")
    apt.install(["rabbitmq-server"], lambda command: None)
    assert policy.read_text() == "theirs"


def test_only_the_tests_need_a_browser(monkeypatch):
    asked = []
    monkeypatch.setattr(apt, "missing", lambda packages: asked.append({one.name for one in packages}) or [])
    monkeypatch.setattr(bootstrap, "steps", list)
    bootstrap.set_up("run")
    bootstrap.set_up("test")
    assert "chromium-headless-shell" not in asked[0]
    assert {"chromium-headless-shell", "postgresql", "rabbitmq-server"} <= asked[1]


def test_a_broker_of_ones_own_needs_no_package(monkeypatch):
    asked = []
    monkeypatch.setenv("OPS_RABBITMQ_URL", "amqp://root:x@bus.example/portal")
    monkeypatch.setattr(apt, "missing", lambda packages: asked.extend(packages) or [])
    monkeypatch.setattr(bootstrap, "steps", list)
    bootstrap.set_up("run")
    assert apt.BROKER not in asked


@pytest.mark.parametrize("module", STANDARD_LIBRARY_ONLY)
def test_it_needs_nothing_but_python(module):
    code = f"import ops.{module}"
    subprocess.run([sys.executable, "-S", "-c", code], cwd=ROOT, check=True)


def test_no_list_of_requirements_names_the_place_that_packages_came_from():
    lists = sorted(Path(ROOT, "requirements").glob("*.txt"))
    assert lists
    assert [line for path in lists for line in path.read_text().splitlines() if "://" in line or line[:2] == "--"] == []


def test_every_pin_has_a_hash():
    text = (ROOT / "requirements" / "dev.txt").read_text()
    pins = [
        block
        for block in text.replace("\\\n", " ").splitlines()
        if "==" in block and not block.lstrip().startswith("#")
    ]
    assert len(pins) > 50
    assert [pin for pin in pins if "--hash=sha256:" not in pin] == []
