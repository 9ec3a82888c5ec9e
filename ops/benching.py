"""`espace bench NAME`: run the module `bench.NAME`."""

import subprocess
import sys

from ops.folders import ROOT


def known() -> list[str]:
    """The names of the measurements: modules of `bench/` that can be run."""
    return sorted(path.stem for path in (ROOT / "bench").glob("*.py") if "__main__" in path.read_text(encoding="utf-8"))


def run_bench(name: str) -> int:
    """Run one measurement in a process of its own; its exit code, or 2 when there is none of that name."""
    if name not in known():
        print(f"There is no measurement {name!r}; there are: {', '.join(known())}", file=sys.stderr)
        return 2
    return subprocess.run([sys.executable, "-m", f"bench.{name}"], cwd=ROOT, check=False).returncode
