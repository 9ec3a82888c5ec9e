"""Where nameko 2.14.1 and its surroundings trip people, and our code does not."""

import ast
from pathlib import Path

from espace_contracts.registry import SUBSCRIPTIONS

from chassis.topology import event_queues, rpc_queues

ROOT = Path(__file__).parents[3]
FOLDERS = ("chassis", "services", "contracts/espace_contracts", "gateway", "ops", "bench", "tests")
CALLERS = {"chassis.asyncbus", "espace_contracts.nameko_calls", "nameko.rpc.RpcProxy", "nameko.standalone.rpc"}
OF_EVENTS = {"nameko.events", "nameko.events.BROADCAST", "nameko.events.event_handler"}


def imported(*folders: str) -> dict[str, set[str]]:
    """What the modules in *folders* import, modules and names of modules, by the file's path."""
    sources = {path: path.read_bytes() for folder in folders for path in (ROOT / folder).rglob("*.py")}
    return {
        str(path.relative_to(ROOT)): {name for node in ast.walk(ast.parse(source)) for name in _named(node)}
        for path, source in sources.items()
        if b"nameko" in source or b"asyncbus" in source
    }


def _named(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [name.name for name in node.names]
    if isinstance(node, ast.ImportFrom) and node.module:
        return [node.module, *(f"{node.module}.{name.name}" for name in node.names)]
    return []


def test_trap_05_nothing_wants_the_configuration_of_nameko_3() -> None:
    assert [path for path, names in imported(*FOLDERS).items() if "nameko.config" in names] == []
    pages = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
    assert [page for page in pages if "from nameko import config" in page.read_text(encoding="utf-8")] == []


def test_trap_18_no_service_calls_another_or_hears_broadcasts() -> None:
    """So no cycle of calls can exhaust the workers, and every event is delivered reliably."""
    found = imported("services", "chassis/bus")
    assert "chassis/bus/rpc.py" in found
    assert {path: names & (CALLERS | OF_EVENTS) for path, names in found.items() if names & (CALLERS | OF_EVENTS)} == {}


def test_trap_21_events_wait_in_replicated_queues_and_requests_in_classic_ones() -> None:
    for service, heard in SUBSCRIPTIONS.items():
        kinds = {spec.arguments.get("x-queue-type") for data in heard for spec in event_queues(service, data)}
        assert kinds == {"quorum"}
        requests, dead = rpc_queues(service)
        assert requests.arguments == {}, "RPC over quorum queues costs up to half"
        assert dead.arguments["x-queue-type"] == "quorum"
