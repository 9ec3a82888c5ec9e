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


# The longest first: each lane takes the next one, and they end at about the same time.
GROUPS = (
    Group("service", ("tests/service",), "servers"),
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
        paths = [path for path in chosen if _lies_in(path, group)] if chosen else present
        if paths:
            planned.append(Planned(group, [*paths, *options]))
    return planned


def _is_path(argument: str) -> bool:
    return not argument.startswith("-") and (ROOT / argument.partition("::")[0]).exists()


def _lies_in(path: str, group: Group) -> bool:
    place = (ROOT / path.partition("::")[0]).resolve()
    return any(place.is_relative_to(ROOT / folder) for folder in group.paths)
