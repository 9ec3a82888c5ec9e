"""Debian packages that no wheel replaces (standard library only)."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

POLICY = Path("/usr/sbin/policy-rc.d")
NO_SERVICES = (
    "#!/bin/sh\n# Written for the length of one installation: a package must not start its service.\nexit 101\n"
)

Runner = Callable[[list[str]], None]


@dataclass(frozen=True)
class Package:
    """A package and the path pattern that shows it is there."""

    name: str
    shown_by: str

    def is_present(self) -> bool:
        return any(Path("/").glob(self.shown_by.lstrip("/")))


BROKER = Package("rabbitmq-server", "/usr/lib/rabbitmq/lib/rabbitmq_server-*/sbin/rabbitmq-server")
VENV = Package("python3-venv", "/usr/lib/python3.1[1-9]/ensurepip/__init__.py")
SCANNER = Package("clamav-daemon", "/usr/sbin/clamd")  # without freshclam: tests bring a signature of their own
TLS_POSTGRES = Package("postgresql", "/usr/lib/postgresql/*/bin/postgres")  # the wheel's is built without TLS
BROWSER = Package("chromium-headless-shell", "/usr/bin/chromium-headless-shell")


class CannotInstall(Exception):
    """Packages are missing and this user may not install them."""


def missing(packages: tuple[Package, ...]) -> list[str]:
    """Names of those of *packages* that are not on this machine."""
    return [package.name for package in packages if not package.is_present()]


def check(names: list[str]) -> None:
    """Raises CannotInstall when *names* are missing on a machine without apt, or to a user who is not root."""
    if names and shutil.which("apt-get") is None:
        raise CannotInstall(f"Missing: {', '.join(names)}. This machine has no apt: install them by its own means.")
    if names and os.geteuid() != 0:
        raise CannotInstall(f"Missing: {', '.join(names)}. As root, once:\n\n    {' '.join(_command(names))}\n")


def install(names: list[str], run: Runner) -> None:
    """Install *names*, which `check` lets pass, without starting their services, by *run*."""
    with _services_stay_down():
        run(["apt-get", "update", "--quiet"])
        run(_command(names))


def _command(names: list[str]) -> list[str]:
    return ["apt-get", "install", "--yes", "--no-install-recommends", *names]


def environment() -> dict[str, str]:
    """apt's environment: it must ask nothing."""
    return {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}


@contextmanager
def _services_stay_down() -> Iterator[None]:
    if POLICY.exists():
        yield  # the machine's own policy rules; containers have one that forbids starts
        return
    POLICY.write_text(NO_SERVICES, encoding="ascii")
    POLICY.chmod(0o755)
    try:
        yield
    finally:
        POLICY.unlink()
