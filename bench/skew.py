"""Two releases side by side (R20): the one before on the tables of this one, beside its processes and alone.

SKEW_REF names the release before, a tag or commit; by default the newest tag. Its gateway serves and its own journeys
judge, as during an upgrade, which starts the services first and the gateway last.
"""

import os
import socket
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

from bench import results_file
from ops import stackfile
from ops.folders import ROOT, VAR
from ops.stack import MODULES
from ops.testing import STACK_VARIABLE
from tests.chaos.world import World, running

SERVICES = ("identity", "payments", "documents")
PLACE = VAR / "skew"
BROWSER_PACKAGES = "gateway/assets/node_modules"
PATIENCE = 60.0  # seconds for a process to answer
JOURNEYS = os.environ.get("SKEW_JOURNEYS", "tests/journeys").split()
WITHOUT = "not canary"  # it looks into the files of its own stack


def release_before() -> str:
    """The tag or commit that is tried against this one. Raises subprocess.CalledProcessError when there is none."""
    chosen = os.environ.get("SKEW_REF")
    return chosen or _git("describe", "--tags", "--abbrev=0", "HEAD").strip()


def _git(*arguments: str) -> str:
    return subprocess.run(("git", *arguments), cwd=ROOT, check=True, capture_output=True, text=True).stdout


@contextmanager
def checked_out(ref: str) -> Iterator[Path]:
    """The files of *ref*, its style sheets and scripts built from the packages of this checkout."""
    tree = PLACE / "tree"
    PLACE.mkdir(parents=True, exist_ok=True)
    subprocess.run(("git", "worktree", "remove", "--force", str(tree)), cwd=ROOT, check=False, capture_output=True)
    _git("worktree", "add", "--detach", str(tree), ref)
    try:
        (tree / BROWSER_PACKAGES).symlink_to(ROOT / BROWSER_PACKAGES)
        build = (sys.executable, "-m", "gateway.assets_build")
        subprocess.run(build, cwd=tree, env=_environment(tree, {}), check=True)
        yield tree
    finally:
        _git("worktree", "remove", "--force", str(tree))


def _environment(tree: Path, variables: dict[str, str]) -> dict[str, str]:
    """The shell's environment, in which the modules of *tree* win over ours; the packages are those of this release."""
    return os.environ | {"PYTHONPATH": f"{tree}:{tree / 'contracts'}"} | variables


@contextmanager
def old_process(world: World, tree: Path, name: str) -> Iterator[int]:
    """A process of the release before with the settings of ours, on a port of its own."""
    port = _free_port()
    settings = world.stack.settings.processes[name] | {f"{name.upper()}_HTTP_PORT": str(port)}
    if name == "gateway":
        settings |= {"PUBLIC_URL": f"http://127.0.0.1:{port}", "GATEWAY_OPERATORS_PORT": str(_free_port())}
    command, environment = (sys.executable, "-m", *MODULES[name]), _environment(tree, settings)
    with (PLACE / f"{name}.jsonl").open("ab") as output:
        process = subprocess.Popen(command, cwd=tree, env=environment, stdout=output, stderr=output)
        try:
            _await(f"http://127.0.0.1:{port}/healthz")
            yield port
        finally:
            process.terminate()
            process.wait(30)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _await(url: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            urlopen(url, timeout=2).close()  # noqa: S310 - our own process
        except (URLError, OSError):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)
        else:
            return


def journeys(world: World, tree: Path, portal: str) -> dict[str, int]:
    """Outcomes of the journeys of the release before, in front of *portal*."""
    facts = stackfile.contents(world.stack.endpoints, world.stack.settings) | {"portal": portal}
    stackfile.write(PLACE / "stack.json", facts)
    report = PLACE / "journeys.xml"
    command = (sys.executable, "-m", "pytest", "-q", *JOURNEYS, "-k", WITHOUT, f"--junitxml={report}")
    variables = {STACK_VARIABLE: str(PLACE / "stack.json")}
    subprocess.run(command, cwd=tree, env=_environment(tree, variables), check=False)
    suite = next(ET.parse(report).getroot().iter("testsuite"))  # noqa: S314 - a file that we had written ourselves
    return {name: int(suite.get(name, 0)) for name in ("tests", "failures", "errors", "skipped")}


def trials(world: World, tree: Path) -> Iterator[tuple[str, dict[str, int]]]:
    """First both releases' services share the work, then the release before is alone on the new tables."""
    with ExitStack() as old:
        for name in SERVICES:
            old.enter_context(old_process(world, tree, name))
        port = old.enter_context(old_process(world, tree, "gateway"))
        portal = f"http://127.0.0.1:{port}"
        yield "services of both releases share the work", journeys(world, tree, portal)
        for name in SERVICES:
            world.stop(name)
        with world.database("identity") as database:  # the wrong passwords of the first trial count against the second
            database.execute("truncate login_attempts")
        yield "the release before is alone on the new tables", journeys(world, tree, portal)


def main() -> int:
    """Try, print, keep."""
    ref = release_before()
    lines: list[dict[str, Any]] = []
    with checked_out(ref) as tree, running() as world:
        for name, counts in trials(world, tree):
            wrong = counts["failures"] + counts["errors"]
            met = wrong == 0 and counts["tests"] > 0
            print(f"{name}: {counts}, {'met' if met else 'NOT met'}", flush=True)
            line = {"name": name, "what": f"journeys of {ref} that fail", "unit": "journeys", "ours": wrong, "goal": 0}
            lines.append(line | {"ratio": 1.0 if met else 0.0, "met": met, "figures": counts})
    results_file.keep("skew", lines)
    return 0


if __name__ == "__main__":
    sys.exit(main())
