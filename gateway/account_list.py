"""« Mon compte » in words: which browser a session runs in, and a journal that counts what was done together."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby

from espace_contracts.identity import JournalEntry

# The first that fits: most browsers also claim to be those that come after.
BROWSERS = (("Edg", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari"))
SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)
ONE_AT_A_TIME = re.compile(r"login|logout")


@dataclass(frozen=True)
class Done:
    """One line of the journal: *count* things of a kind that one person did within a minute."""

    entry: JournalEntry
    count: int


def browser_of(user_agent: str) -> tuple[str, str]:
    """Browser and system as the browser calls itself, empty where unknown: it is its own word."""
    return _first(BROWSERS, user_agent), _first(SYSTEMS, user_agent)


def _first(signs: Iterable[tuple[str, str]], user_agent: str) -> str:
    return next((name for sign, name in signs if sign in user_agent), "")


def lines(entries: Iterable[JournalEntry]) -> list[Done]:
    """The journal with what was done together in one line, newest first."""

    def together(entry: JournalEntry) -> tuple[object, ...]:
        minute = entry.at if ONE_AT_A_TIME.match(entry.action) else entry.at.replace(second=0, microsecond=0)
        return minute, entry.action, entry.succeeded, entry.who

    groups = [list(group) for _key, group in groupby(entries, key=together)]
    return [Done(entry=group[0], count=len(group)) for group in groups]
