"""Groups of routes that are passed over at once when none of them can be meant: comparing an address costs its regex each."""

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter
from starlette.routing import Match
from starlette.types import Scope


class Section(APIRouter):
    """Routes of which *reaches* says, by the address, whether one of them may be meant."""

    def __init__(self, reaches: Callable[[str], bool], **options: Any) -> None:
        super().__init__(**options)
        self._reaches = reaches

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Starlette's question."""
        return super().matches(scope) if self._reaches(scope["path"]) else (Match.NONE, {})


def is_api(path: str) -> bool:
    """Whether programs ask."""
    return path.startswith("/api/")


def below(*beginnings: str) -> Callable[[str], bool]:
    """Whether an address begins in one of these ways."""
    return lambda path: path.startswith(beginnings)
