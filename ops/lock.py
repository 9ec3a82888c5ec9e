"""Pin every requirement anew: `requirements/*.in` become `*.txt` with hashes (standard library only)."""

import subprocess
import sys
from pathlib import Path

from ops.folders import ROOT, VAR, VENV

FOLDER = ROOT / "requirements"
TOOL = VAR / "lock"
OPTIONS = (
    "--universal",
    "--generate-hashes",
    "--no-header",
    "--no-emit-index-url",
    "--no-emit-find-links",
    "--quiet",
    "--python-version",
    "3.11",
)


class PlaceLeaked(Exception):
    """A file names the place that its packages came from: it would be of use on this machine only."""


def lock(source: Path) -> None:
    """Write the pins of *source* beside it. Raises PlaceLeaked; subprocess.CalledProcessError when uv fails."""
    target = source.with_suffix(".txt")
    command = [
        str(_uv()),
        "pip",
        "compile",
        *OPTIONS,
        str(source.relative_to(ROOT)),
        "--output-file",
        str(target.relative_to(ROOT)),
    ]
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    leaked = [line for line in target.read_text(encoding="utf-8").splitlines() if _names_a_place(line)]
    if leaked:
        raise PlaceLeaked(f"{target.name}: {leaked[0]}")


def _uv() -> Path:
    """The compiler of lists; no process and no test needs it, so that it is fetched at the first lock."""
    program = TOOL / "bin" / "uv"
    if not program.exists():
        subprocess.run(
            [str(VENV / "bin" / "python"), "-m", "pip", "install", "--quiet", "--target", TOOL, "uv"], check=True
        )
    return program


def _names_a_place(line: str) -> bool:
    return line.startswith("--") or "://" in line


def main() -> int:
    """Lock every list; 1 at the first that fails."""
    for source in sorted(FOLDER.glob("*.in")):
        print(f"Locking {source.name} …", flush=True)
        try:
            lock(source)
        except (PlaceLeaked, subprocess.CalledProcessError) as exc:
            print(f"The lock stopped. {exc}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
