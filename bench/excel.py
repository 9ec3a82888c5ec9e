"""Excel: our writer beside openpyxl's write-only mode, rustpy-xlsxwriter and raw XML, interleaved in one run, by CPU.

Goals: 10 times openpyxl write-only, 2.5 times rustpy-xlsxwriter, memory flat to the last row of a sheet.
rustpy-xlsxwriter is a bench-only dependency: without it its line is left out and said so.
"""

import importlib.util
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from bench import results_file

ROUNDS = 3
ROWS = 100_000
MOST_ROWS = 1_048_575
WRITER = "bench.excel_writers"


def measure(writer: str, rows: int) -> dict[str, float]:
    """CPU seconds and megabytes of one file by *writer*, in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", WRITER, writer, str(rows), str(Path(folder) / "out.xlsx")]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def compare(median: dict[str, float], *, reference: str, goal: float) -> dict[str, Any]:
    """Ours against *reference*: how many times faster."""
    return results_file.compared(
        f"excel_against_{reference}",
        f"{ROWS} payment lines of 9 columns, formatted, to Excel",
        unit="CPU s",
        ours=median["ours"],
        reference=median[reference],
        reference_name=reference,
        floor=median["raw"],
        goal=goal,
        rounds=ROUNDS,
    )


def medians(writers: list[str]) -> dict[str, float]:
    """Median seconds of each writer over all rounds, the writers taking turns."""
    seconds: dict[str, list[float]] = {writer: [] for writer in writers}
    for _ in range(ROUNDS):
        for writer in writers:
            seconds[writer].append(measure(writer, ROWS)["seconds"])
    return {writer: round(statistics.median(values), 3) for writer, values in seconds.items()}


def memory() -> dict[str, Any]:
    """Our memory for a full sheet against that for a small one."""
    small, large = measure("ours", ROWS)["megabytes"], measure("ours", MOST_ROWS)["megabytes"]
    return results_file.compared(
        "excel_memory",
        f"memory of {MOST_ROWS} lines against {ROWS}",
        unit="MB",
        ours=large,
        reference=small,
        reference_name=f"ours with {ROWS} lines",
        goal=0.9,
        rounds=1,
    )


def main() -> None:
    """Run all rounds, print and keep the result."""
    references = {"openpyxl_write_only": 10.0, "rustpy": 2.5}
    if importlib.util.find_spec("rustpy_xlsxwriter") is None:
        del references["rustpy"]
        print("rustpy-xlsxwriter is not installed: its line is left out")
    median = medians(["ours", "raw", *references])
    lines = [compare(median, reference=reference, goal=goal) for reference, goal in references.items()]
    lines.append(memory())
    results_file.write("excel", lines)


if __name__ == "__main__":
    main()
