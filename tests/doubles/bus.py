"""A bus of canned answers: what a gateway asks is answered in this process, through JSON as on the real bus."""

from collections.abc import Callable
from typing import Any

from espace_contracts.rpc import Method

from tests.doubles.documents import FakeDocuments
from tests.doubles.identity import FakeIdentity
from tests.doubles.payments import FakePayments


class FakeBus(FakeIdentity, FakePayments, FakeDocuments):
    """Answers by method name; `refuse` makes the next calls of a method raise; `calls` is what was asked."""

    connected = True
    changed_at = 0.0

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[tuple[str, Any]] = []
        self.refusals: dict[str, Exception] = {}
        self.listeners: dict[str, Callable[[Any], None]] = {}
        self.disconnected: list[Callable[[], None]] = []

    def forget(self) -> None:
        """Be as at the start again, for those who listen already."""
        kept = {name: vars(self)[name] for name in ("listeners", "disconnected")}
        vars(self).clear()
        vars(self).update(vars(FakeBus()) | kept)

    async def start(self) -> None:
        """Nothing to connect to."""

    async def close(self) -> None:
        """Nothing to end."""

    def listen(self, data_class: Any, callback: Callable[[Any], None]) -> None:
        """Remember who listens."""
        self.listeners[data_class.type] = callback

    def on_disconnect(self, callback: Callable[[], None]) -> None:
        """Remember who wants to know."""
        self.disconnected.append(callback)

    def refuse(self, method: Method, refusal: Exception) -> None:
        """Make *method* raise."""
        self.refusals[method.name] = refusal

    def asked(self, method: Method) -> list[Any]:
        """The requests that *method* has got."""
        return [request for name, request in self.calls if name == method.name]

    async def call(self, method: Method, request: Any) -> Any:
        """The canned answer, through JSON as on the real bus."""
        request = method.request.model_validate(request.model_dump(mode="json"))
        self.calls.append((method.name, request))
        if method.name in self.refusals:
            raise self.refusals[method.name]
        answer = getattr(self, method.name)(request)
        return method.answer.model_validate(answer.model_dump(mode="json"))
