"""Skip what is done already: a stamp lies in the product and names the inputs that it was made of (standard library only)."""

import hashlib
from collections.abc import Iterable
from pathlib import Path

SKIPPED_FOLDERS = frozenset({"node_modules", "__pycache__", "build"})


def fingerprint(inputs: Iterable[Path | str]) -> str:
    """SHA-256 over texts, files and folders (their files by name, installed and built ones left out)."""
    digest = hashlib.sha256()
    for item in inputs:
        if isinstance(item, str):
            digest.update(b"text\0" + item.encode() + b"\0")
            continue
        for file in _files(item):
            digest.update(str(file.relative_to(item.parent)).encode() + b"\0")
            digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def is_current(stamp: Path, value: str) -> bool:
    """True when *stamp* was left by the same inputs. Deleting the product deletes the stamp in it."""
    return stamp.is_file() and stamp.read_text(encoding="ascii") == value


def leave(stamp: Path, value: str) -> None:
    """Note that the product was made of these inputs."""
    stamp.parent.mkdir(parents=True, exist_ok=True)
    stamp.write_text(value, encoding="ascii")


def _files(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    return sorted(f for f in path.rglob("*") if f.is_file() and not SKIPPED_FOLDERS & set(f.relative_to(path).parts))
