"""Who is calling: the user that the broker has checked (K31)."""

from dataclasses import dataclass
from typing import Any

from nameko.extensions import DependencyProvider

CONTEXT_KEY = "caller"


@dataclass(frozen=True)
class CallingUser:
    """A broker user: `gateway`, one of our services, or an outside client named `<kind>.<name>`."""

    kind: str
    name: str

    @classmethod
    def of(cls, user_id: str | None) -> "CallingUser":
        """The kind is the part of the user's name before the dot; nobody gets a name but from the operators."""
        user_id = user_id or ""
        return cls(kind=user_id.partition(".")[0], name=user_id)


class Caller(DependencyProvider):
    """`self.caller` of a service: the CallingUser of this call."""

    def get_dependency(self, worker_ctx: Any) -> CallingUser:
        """The user of the message that started this worker."""
        return CallingUser.of(worker_ctx.data.get(CONTEXT_KEY))
