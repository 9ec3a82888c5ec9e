"""The shape that all measurements share: one line a comparison, `ratio` so written that more is better."""

import json
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "results"


def compared(
    name: str,
    what: str,
    *,
    unit: str,
    ours: float,
    reference: float,
    reference_name: str,
    goal: float,
    rounds: int,
    floor: float | None = None,
) -> dict[str, Any]:
    """One comparison of durations or sizes: the ratio is the reference's by ours."""
    ratio = round(reference / ours, 3)
    values = {"name": name, "what": what, "unit": unit, "ours": ours, "reference": reference}
    judged = {"reference_name": reference_name, "floor": floor, "ratio": ratio, "goal": goal, "met": ratio >= goal}
    return values | judged | {"rounds": rounds}


def keep(name: str, lines: list[dict[str, Any]]) -> None:
    """Keep *lines* as `bench/results/<name>.json`."""
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / f"{name}.json").write_text(json.dumps(lines, indent=2, ensure_ascii=False) + "\n")


def write(name: str, lines: list[dict[str, Any]]) -> None:
    """Keep *lines* and print them."""
    keep(name, lines)
    for one in lines:
        met = "met" if one["met"] else "NOT met"
        print(
            f"{one['name']}: ours {one['ours']} {one['unit']}, {one['reference_name']} {one['reference']}, "
            f"ratio {one['ratio']}, goal {one['goal']}, {met}"
        )
