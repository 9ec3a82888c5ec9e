"""Short form of `espace bench rolling` (R15)."""

from tests.chaos.rolling import rolled
from tests.chaos.world import World


def test_r15_processes_are_replaced_under_load_and_no_request_fails(world: World) -> None:
    figures = rolled(world, ("payments", "gateway"), rounds=1, both=False)
    assert figures | {"restarts": 2, "exit_codes": {"0": 2}, "failed": 0} == figures
    assert figures["requests"] > 50
