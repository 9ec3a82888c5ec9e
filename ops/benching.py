"""`espace bench [NAME …]`: run the module `bench.NAME`; what it compares us with is installed first."""

import ast
import re
import subprocess
import sys

from ops import stamps
from ops.folders import ROOT, VENV

REFERENCES = ROOT / "requirements" / "bench.txt"
STAMP = VENV / "stamp-bench"


def known() -> list[str]:
    """The names of the measurements: what can be run in `bench/` and keeps results; servers and writers do not."""
    return sorted(
        path.stem for path in (ROOT / "bench").glob("*.py") if _keeps_results(path.read_text(encoding="utf-8"))
    )


def _keeps_results(code: str) -> bool:
    return "__main__" in code and "results_file" in code


def told(name: str) -> str:
    """What the measurement *name* is about: the beginning of its module's description."""
    module = ast.parse((ROOT / "bench" / f"{name}.py").read_text(encoding="utf-8"))
    beginning = (ast.get_docstring(module) or "").partition("\n\n")[0].replace("\n", " ")
    text = re.sub(r"^`[^`]+`: ", "", beginning)
    return text[:1].upper() + text[1:]


def run_benches(names: tuple[str, ...]) -> int:
    """Run the measurements named, or all, each in a process of its own; 2 for an unknown name, 1 if one broke.

    A goal that is not met is a result, not a failure.
    """
    present = known()
    unknown = [name for name in names if name not in present]
    if unknown:
        print(f"There is no measurement {unknown[0]!r}; there are: {', '.join(present)}", file=sys.stderr)
        return 2
    _install_references()
    broken = [name for name in names or present if not _run(name)]
    for name in broken:
        print(f"The measurement {name} broke off.", file=sys.stderr)
    return 1 if broken else 0


def _run(name: str) -> bool:
    return subprocess.run([sys.executable, "-m", f"bench.{name}"], cwd=ROOT, check=False).returncode == 0


def _install_references() -> None:
    value = stamps.fingerprint((REFERENCES,))
    if stamps.is_current(STAMP, value):
        return
    options = ["--quiet", "--no-input", "--disable-pip-version-check", "--require-hashes"]
    subprocess.run([sys.executable, "-m", "pip", "install", *options, "--requirement", str(REFERENCES)], check=True)
    stamps.leave(STAMP, value)
