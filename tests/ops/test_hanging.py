"""`espace test` ends a group of tests that hangs, tells where it hung, counts it as broken and goes on."""

import asyncio
import sys
import textwrap
from pathlib import Path

import pytest

from ops import hanging, testing
from ops.folders import StackFolder
from ops.testing_groups import Group, Planned

CONFTEST = Path(__file__).parent.parent / "conftest.py"


@pytest.fixture
def group(tmp_path, monkeypatch):
    """Runs tests, given as text, as a group of their own; returns the tally and what was said."""
    monkeypatch.setattr(testing, "TEST", StackFolder(tmp_path, tmp_path / "stack.json"))
    (tmp_path / "conftest.py").write_text(CONFTEST.read_text())
    said = []
    monkeypatch.setattr(testing, "say", said.append)
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")  # begins in a second

    def run(text, still):
        file = tmp_path / "test_it.py"
        file.write_text(textwrap.dedent(text))
        monkeypatch.setattr(hanging.wait, "__defaults__", (still,))
        planned = Planned(Group("its", (str(file),), "nothing"), [f"--rootdir={tmp_path}", str(file)])
        tally = testing.Tally()
        asyncio.run(testing._run_group(planned, tally, shown=False))
        return tally, "\n".join(said)

    return run


def test_a_group_that_hangs_is_ended_and_tells_where(group):
    tally, said = group(
        """
        import threading

        def test_well():
            pass

        def test_hangs():
            stands_here()

        def stands_here():
            threading.Event().wait()
        """,
        still=10,
    )
    assert tally.broken
    assert "ended in test_it.py::test_hangs" in said
    assert "in stands_here" in said  # from the threads' places
    assert "test_it.py ." in said  # what it had printed before
    assert "pytest ended with -6" in said


def test_a_group_may_last_as_long_as_tests_begin(tmp_path):
    now = tmp_path / "now"
    begins = f"import time; [(time.sleep(0.5), open({str(now)!r}, 'w').write('another')) for _ in range(8)]"
    assert ended(begins, now, still=3) == 0


def test_one_that_is_deaf_to_that_is_killed(tmp_path, monkeypatch):
    monkeypatch.setattr(hanging, "LAST_WORDS", 0.2)
    deaf = "import signal, time; signal.signal(signal.SIGABRT, signal.SIG_IGN); time.sleep(60)"
    assert ended(deaf, tmp_path / "now", still=3) == -9


def ended(code, now, still):
    """The exit code of a process that runs *code*, waited for like a group of tests."""

    async def status():
        process = await asyncio.create_subprocess_exec(sys.executable, "-c", code)
        return await hanging.wait(process, now, lambda _: None, still)

    return asyncio.run(status())
