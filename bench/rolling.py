"""`espace bench rolling`: every process replaced under load, two of each kind: no request fails (R15)."""

import json
import os
import sys

from bench.results_file import FOLDER
from tests.chaos.replicas import SERVICES
from tests.chaos.rolling import rolled
from tests.chaos.world import running

ROUNDS = 3


def main() -> int:
    """Measure, print, keep; 1 when a request failed."""
    with running() as world:
        figures = rolled(world, (*SERVICES, "gateway"), rounds=int(os.environ.get("ROLLING_ROUNDS", str(ROUNDS))))
    kept = figures["failed"] == 0 and set(figures["exit_codes"]) == {"0"}
    line = {"name": "rolling restart", "kept": kept, "figures": figures}
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / "rolling.json").write_text(json.dumps([line], indent=2) + "\n", encoding="utf-8")
    print(json.dumps(line, indent=1))
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
