"""How a call that changes something runs in identity: once a key, what was refused noted, mails after the commit."""

from collections.abc import Callable
from typing import Any

from espace_contracts.errors import Refusal
from espace_contracts.rpc import AnswerT, Method, Write
from sqlalchemy import Connection

from chassis.idempotency import once, once_or_refusal
from chassis.service import Service
from services.identity.mailer import Mailer
from services.identity.providers import KitProvider


class Writes(Service):
    """Base of the service: its kit, its mailer, and the ways of its writes."""

    kit = KitProvider()
    mailer = Mailer()

    def _write(self, method: Method[Any, AnswerT], request: Write, use_case: Callable[..., AnswerT]) -> AnswerT:
        """One transaction, one use case, applied once a key (R18)."""
        with self.db.transaction() as connection:
            answer = once(
                connection, method, request, lambda: use_case(connection, request, kit=self.kit, now=self.clock())
            )
        return self._told(answer)

    def _tried(
        self,
        connection: Connection,
        method: Method[Any, AnswerT],
        request: Write,
        use_case: Callable[..., AnswerT],
        **held: Any,
    ) -> AnswerT | Refusal:
        """The same inside a transaction that goes on after a refusal, which is returned to be noted there."""
        return once_or_refusal(
            connection, method, request, lambda: use_case(connection, request, kit=self.kit, now=self.clock(), **held)
        )

    def _told(self, outcome: AnswerT | Refusal) -> AnswerT:
        """After the commit: the refusal that was noted, or the answer with its mails on their way."""
        if isinstance(outcome, Refusal):
            raise outcome
        self.mailer.wake()
        return outcome
