"""`make bench NAME=start`: seconds from `make run` to a portal that answers, in a fresh clone and with its data kept.

Cold: a fresh clone without .venv, node_modules and var, with empty package caches; Debian's packages are present.
"""

import os
import shutil
import statistics
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

from bench import results_file
from ops.folders import ROOT

COLD_BOUND, WARM_BOUND = 150.0, 15.0  # seconds: the goals
WARM_ROUNDS = 3
PATIENCE = 900.0


class DidNotStart(Exception):
    """`make run` ended, or never answered."""


def clone(target: Path) -> None:
    """The committed state of this checkout at *target*."""
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(target)], check=True)


def seconds_to_answer(checkout: Path, environment: dict[str, str]) -> float:
    """Run `make run` in *checkout* until its var/stack.json appears; it keeps running. Raises DidNotStart."""
    began = time.monotonic()
    with (checkout / "start.log").open("ab") as log:
        process = subprocess.Popen(
            ["make", "run"],
            cwd=checkout,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    while not (checkout / "var" / "stack.json").exists():
        if process.poll() is not None or time.monotonic() - began > PATIENCE:
            raise DidNotStart((checkout / "start.log").read_text(errors="replace")[-2000:])
        time.sleep(0.05)
    return time.monotonic() - began


def seconds_to_stop(checkout: Path, environment: dict[str, str], *, target: str = "stop") -> float:
    """How long `make stop` takes."""
    began = time.monotonic()
    subprocess.run(["make", "--quiet", target], cwd=checkout, env=environment, check=True, stdout=subprocess.DEVNULL)
    return time.monotonic() - began


def measure(folder: Path) -> dict[str, list[float]]:
    """One cold start, some warm ones, the stop after each."""
    checkout = folder / "clone"
    clone(checkout)
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS", "ESPACE_"))},
        "PIP_NO_CACHE_DIR": "1",
        "npm_config_cache": str(folder / "npm"),
    }
    found: dict[str, list[float]] = {"cold": [], "warm": [], "stop": []}
    try:
        for kind in ("cold", *["warm"] * WARM_ROUNDS):
            found[kind].append(seconds_to_answer(checkout, environment))
            found["stop"].append(seconds_to_stop(checkout, environment))
            print(f"{kind}: {found[kind][-1]:.1f} s, stopped in {found['stop'][-1]:.1f} s", flush=True)
    finally:
        seconds_to_stop(checkout, environment, target="reset")
    return found


def line(name: str, what: str, values: list[float], *, bound: float) -> dict[str, Any]:
    """The median against the bound."""
    return results_file.compared(
        name,
        what,
        unit="s",
        ours=round(statistics.median(values), 2),
        reference=bound,
        reference_name="the bound that was set",
        goal=1.0,
        rounds=len(values),
    )


def main() -> None:
    """Measure, print, keep the result."""
    folder = Path(tempfile.mkdtemp(prefix="espace-start-"))
    try:
        found = measure(folder)
    finally:
        shutil.rmtree(folder)
    lines = [
        line("start_cold", "make run in a fresh clone, packages downloaded", found["cold"], bound=COLD_BOUND),
        line("start_warm", "make run with its data kept", found["warm"], bound=WARM_BOUND),
        line("stop", "make stop", found["stop"], bound=WARM_BOUND),
    ]
    results_file.write("start", lines)


if __name__ == "__main__":
    main()
