"""The groups of tests: which folders run in one pytest process, and what must stand before it."""

from dataclasses import dataclass

from ops.folders import ROOT


@dataclass(frozen=True)
class Group:
    """Tests that run in one pytest process.

    Separate ones, since services run under eventlet's patches, which browser and gateway do not survive (and the
    reverse).
    """

    name: str
    paths: tuple[str, ...]
    needs: str  # "nothing", "servers", "portal"; "itself" starts servers of its own, to kill and freeze them
    without: tuple[str, ...] = ()  # folders in *paths* that another group runs


SERVICES = ("tests/service/identity", "tests/service/payments", "tests/service/documents")
# The longest first: each lane takes the next one, and they end at about the same time.
GROUPS = (
    Group("services", SERVICES, "servers"),
    Group("common", ("tests/service",), "servers", without=SERVICES),
    Group("journeys", ("tests/journeys",), "portal"),
    Group("chaos", ("tests/chaos",), "itself"),
    Group("pages", ("tests/pages",), "nothing"),
    Group("unit", ("tests/unit", "tests/ops", "tests/wire"), "nothing"),
)


@dataclass(frozen=True)
class Planned:
    """A group to run, with the arguments that pytest gets."""

    group: Group
    arguments: list[str]


def plan(arguments: list[str]) -> list[Planned]:
    """The groups to run: all of them, or those that the paths among *arguments* lie in; options go to each."""
    chosen = [argument for argument in arguments if _is_path(argument)]
    options = [argument for argument in arguments if argument not in chosen]
    planned = []
    for group in GROUPS:
        present = [path for path in group.paths if (ROOT / path).is_dir()]
        paths = [part for path in chosen for part in _parts(path, group)] if chosen else present
        if paths:
            left_out = [f"--ignore={path}" for path in group.without]
            planned.append(Planned(group, [*paths, *left_out, *options]))
    return planned


def _is_path(argument: str) -> bool:
    return not argument.startswith("-") and (ROOT / argument.partition("::")[0]).exists()


def _parts(path: str, group: Group) -> list[str]:
    """What *group* runs of *path*: all of it, those of its folders that lie in it, or nothing."""
    place = (ROOT / path.partition("::")[0]).resolve()
    if any(place.is_relative_to(ROOT / folder) for folder in group.without):
        return []
    if any(place.is_relative_to(ROOT / folder) for folder in group.paths):
        return [path]
    return [folder for folder in group.paths if (ROOT / folder).is_relative_to(place)]
