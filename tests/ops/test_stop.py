"""`make stop` and `make reset` work from elsewhere, at any moment, before any set-up."""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ops import folders, leftovers, locks
from ops.servers.placing import STOP_SERVERS
from ops.stack import STOP_PROCESSES
from ops.stop import PATIENCE

MODULES = ("__init__", "folders", "leftovers", "locks", "stop")


@pytest.fixture
def checkout(tmp_path):
    """A checkout with what stopping needs, and no environment."""
    (tmp_path / "ops").mkdir()
    for name in MODULES:
        shutil.copy(folders.ROOT / "ops" / f"{name}.py", tmp_path / "ops")
    return tmp_path


def stop(checkout, *arguments):
    # -S: without any installed package, as on a fresh machine
    command = [sys.executable, "-S", "-m", "ops.stop", *arguments]
    return subprocess.run(command, cwd=checkout, capture_output=True, text=True, check=False, timeout=30)


@pytest.fixture
def hold(checkout):
    """Start something that holds the run's lock, as the supervisor does."""
    holders = []

    def start(at_sigterm):
        code = (
            "import signal, sys, time\nfrom ops import folders, locks\n"
            f"signal.signal(signal.SIGTERM, {at_sigterm})\n"
            "with locks.exclusive(folders.RUN.lock):\n"
            "    print('held', flush=True)\n    time.sleep(60)\n"
        )
        holder = subprocess.Popen([sys.executable, "-c", code], cwd=checkout, stdout=subprocess.PIPE, text=True)
        holders.append(holder)
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        return holder

    yield start
    for holder in holders:
        holder.kill()
        holder.wait()
        holder.stdout.close()


def test_stopping_nothing_is_no_error(checkout):
    result = stop(checkout)
    assert (result.returncode, result.stdout) == (0, "Nothing was running.\n")


def test_a_run_is_told_to_end_and_waited_for(checkout, hold):
    holder = hold("lambda *_: (time.sleep(0.5), sys.exit(0))")
    stack_file = checkout / "var" / "stack.json"
    stack_file.write_text("{}")
    result = stop(checkout)
    assert result.returncode == 0
    assert result.stdout.startswith("Stopped in ")
    assert holder.wait(timeout=1) == 0
    assert not stack_file.exists()


def test_a_deaf_supervisor_and_its_children_are_killed(checkout, hold):
    holder = hold("signal.SIG_IGN")
    child = subprocess.Popen(
        [sys.executable, "-c", "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)"],
        env=os.environ | leftovers.mark(checkout / "var" / "run"),
    )
    began = time.monotonic()
    ended = "from ops import folders, stop; assert stop.stop(folders.RUN, patience=1.0)"
    subprocess.run([sys.executable, "-S", "-c", ended], cwd=checkout, check=True, timeout=30)
    assert 1.0 <= time.monotonic() - began < 5
    assert holder.wait(timeout=1) == -9
    assert child.wait(timeout=1) == -9


def test_all_patience_together_fits_into_15_seconds():
    orderly = STOP_PROCESSES + STOP_SERVERS
    assert orderly <= PATIENCE
    assert PATIENCE + 1.5 <= 15, "the kill and its sweep"


def test_leftovers_of_a_killed_run_are_ended(checkout):
    mark = leftovers.mark(checkout / "var" / "run")
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], env=os.environ | mark)
    assert stop(checkout).stdout.startswith("Stopped in ")
    assert child.wait(timeout=1) == -15


def test_reset_deletes_the_data_and_nothing_else(checkout):
    for path in ("var/run/postgres/data", "var/test/log", "var/setup"):
        (checkout / path).mkdir(parents=True)
    (checkout / "var/run/secrets.json").write_text("{}")
    assert stop(checkout, "--reset").returncode == 0
    assert sorted(path.name for path in (checkout / "var").iterdir()) == ["setup"]


def test_stop_keeps_the_data(checkout):
    (checkout / "var/run/postgres/data").mkdir(parents=True)
    stop(checkout)
    assert (checkout / "var/run/postgres/data").is_dir()


def test_only_one_holds_a_lock_and_others_learn_who(tmp_path):
    path = tmp_path / "lock"
    assert locks.holder(path) is None
    with locks.exclusive(path):
        assert locks.holder(path) == os.getpid()
        with pytest.raises(locks.HeldElsewhere) as refused, locks.exclusive(path):
            pass
        assert refused.value.pid == os.getpid()
    assert locks.holder(path) is None


def test_the_checkouts_own_folders_lie_below_var():
    assert Path(folders.ROOT, "Makefile").exists()
    assert folders.RUN.path.is_relative_to(folders.VAR)
    assert folders.TEST.path.is_relative_to(folders.VAR)
    assert folders.RUN.stack_file == folders.ROOT / "var" / "stack.json"
