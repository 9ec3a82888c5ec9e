"""`espace test`: which groups run, and what the closing line adds up to."""

import asyncio

import pytest

from ops import testing, testing_groups
from ops.fresh import NotTheTests, empty

REPORT = (
    '<testsuites><testsuite name="pytest" tests="{tests}" failures="{failures}" errors="{errors}" skipped="{skipped}"/>'
    "</testsuites>"
)


def names(arguments):
    return [(planned.group.name, planned.arguments) for planned in testing_groups.plan(arguments)]


def test_everything_runs_when_nothing_is_named():
    assert [name for name, _ in names([])] == [
        group.name for group in testing_groups.GROUPS if any((testing.ROOT / path).is_dir() for path in group.paths)
    ]
    assert ("unit", ["tests/unit", "tests/ops", "tests/wire"]) in names([])


def test_options_go_to_every_group():
    planned = names(["-k", "s06", "-x"])
    assert len(planned) >= 2
    assert all(given[-3:] == ["-k", "s06", "-x"] for _, given in planned)


def test_a_path_selects_its_group_alone():
    assert names(["tests/ops/test_testing.py::test_everything", "-q"]) == [
        ("unit", ["tests/ops/test_testing.py::test_everything", "-q"])
    ]
    assert names(["tests/service/payments"]) == [("services", ["tests/service/payments"])]


def test_a_folder_of_several_groups_selects_each_once():
    services = ["tests/service/identity", "tests/service/payments", "tests/service/documents"]
    others = ["tests/service", *(f"--ignore={folder}" for folder in services)]
    assert names(["tests/service"]) == [("services", services), ("common", others)]


def test_every_file_of_tests_is_run_by_one_group():
    files = [str(path.relative_to(testing.ROOT)) for path in (testing.ROOT / "tests").rglob("test_*.py")]
    assert len(files) > 100
    assert [path for path in files if len(names([path])) != 1] == []


def test_a_word_that_is_no_path_is_an_option():
    assert ("unit", ["tests/unit", "tests/ops", "tests/wire", "-k", "nothing-of-this-name"]) in names(
        ["-k", "nothing-of-this-name"]
    )


@pytest.mark.parametrize(
    ("counts", "passed", "failed"),
    [
        ({"tests": 10, "failures": 0, "errors": 0, "skipped": 0}, 10, 0),
        ({"tests": 10, "failures": 2, "errors": 1, "skipped": 1}, 6, 3),
    ],
)
def test_the_tally_adds_up_reports(tmp_path, counts, passed, failed):
    (tmp_path / "report.xml").write_text(REPORT.format(**counts))
    tally = testing.Tally(passed=1, failed=1)
    testing.add(tally, tmp_path / "report.xml")
    assert (tally.passed, tally.failed) == (1 + passed, 1 + failed)


@pytest.mark.parametrize(
    ("tally", "succeeded"),
    [
        (testing.Tally(passed=3), True),
        (testing.Tally(passed=3, failed=1), False),
        (testing.Tally(), False),
        (testing.Tally(passed=3, broken=True), False),
    ],
)
def test_success_is_something_passed_and_nothing_failed_or_broke(tally, succeeded):
    assert tally.succeeded is succeeded


def test_only_what_is_the_tests_own_is_ever_emptied(tmp_path):
    class Run:
        """A stack that is not the tests'."""

        names = "employeur"

    with pytest.raises(NotTheTests):
        empty(Run())


def lanes_used(monkeypatch, variables, arguments=()):
    """How many groups ran at a time at most, their names, and whether they were shown while they ran."""
    running, most, ended, shown_while = set(), [], [], set()

    async def run_group(planned, tally, *, shown):
        running.add(planned.group.name)
        most.append(len(running))
        await asyncio.sleep(0.01)
        running.remove(planned.group.name)
        ended.append(planned.group.name)
        shown_while.add(shown)

    monkeypatch.setattr(testing, "_run_group", run_group)
    monkeypatch.setattr(testing.os, "environ", variables)
    asyncio.run(testing._run_lanes(testing_groups.plan(list(arguments)), testing.Tally()))
    return max(most), sorted(ended), shown_while


def test_two_groups_run_at_a_time_and_each_once(monkeypatch):
    assert lanes_used(monkeypatch, {}) == (2, sorted(group.name for group in testing_groups.GROUPS), {False})


def test_a_group_alone_is_shown_while_it_runs(monkeypatch):
    assert lanes_used(monkeypatch, {}, ["tests/unit"]) == (1, ["unit"], {True})


def test_on_existing_servers_groups_take_turns(monkeypatch):
    at_a_time, ended, _ = lanes_used(monkeypatch, {"OPS_POSTGRES_URL": "postgresql://x"})
    assert at_a_time == 1
    assert len(ended) == len(testing_groups.GROUPS)


def test_a_groups_ports_are_its_own_until_its_tests_have_ended(monkeypatch):
    order = []

    class Servers:
        """Stands for a stack."""

        def give_ports_back(self):
            order.append("given back")

    async def prepare(_planned, _stack, _supervisor):
        order.append("prepared")

    async def run(_planned, _file, _tally, *, shown):
        order.append("tests")

    monkeypatch.setattr(testing, "make_stack", lambda _folder, _variables: Servers())
    monkeypatch.setattr(testing, "_prepare", prepare)
    monkeypatch.setattr(testing, "_pytest", run)
    asyncio.run(testing._run_group(testing_groups.plan(["tests/service/chassis"])[0], testing.Tally(), shown=False))
    assert order == ["prepared", "tests", "given back"]
