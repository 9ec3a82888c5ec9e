"""The two documents that are written from the contracts, and whether they are current."""

from pathlib import Path

from ops.contracts import asyncapi, pages
from ops.folders import ROOT

DOCS = ROOT / "docs"


def texts() -> dict[str, str]:
    """File name → what it should hold."""
    return {"asyncapi.yaml": asyncapi.text(), "events.md": pages.text()}


def write(folder: Path = DOCS) -> list[Path]:
    """Write both; their paths."""
    for name, text in texts().items():
        (folder / name).write_text(text, encoding="utf-8")
    return [folder / name for name in texts()]


def stale(folder: Path = DOCS) -> list[Path]:
    """Those that are missing or say something else."""
    return [folder / name for name, text in texts().items() if _held(folder / name) != text]


def _held(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.exists() else None
