"""The same request with the same key is applied once and answered alike (R18)."""

import json
from collections.abc import Callable
from typing import TypeVar

from espace_contracts.envelope import canonical_sha256
from espace_contracts.errors import KeyReused, Refusal
from espace_contracts.rpc import Answer, Method, Write
from sqlalchemy import Connection, text

AnswerT = TypeVar("AnswerT", bound=Answer)

CLAIM = text(
    "insert into idempotency (method, scope, key, request_sha256) values (:method, :scope, :key, :request_sha256)"
    " on conflict do nothing"
)
FIND = text("select request_sha256, answer from idempotency where method = :method and scope = :scope and key = :key")
ANSWER = text(
    "update idempotency set answer = cast(:answer as jsonb) where method = :method and scope = :scope and key = :key"
)


def once(
    connection: Connection, method: Method, request: Write, work: Callable[[], AnswerT], *, caller: str = ""
) -> AnswerT:
    """Run *work* unless this key was used before; then its first answer.

    *caller* is needed where several kinds of callers share a method: each has keys of its own.

    A concurrent request with the same key waits for this transaction. Keys of two employers never meet.
    Raises KeyReused when the key came before with another request.
    """
    if request.idempotency_key is None:
        return work()
    tenant = getattr(request, "siret", None) or getattr(request, "token_hash", "")
    scope = f"{caller}:{tenant}" if caller else str(tenant)
    key = {"method": method.routing_key, "scope": scope, "key": request.idempotency_key}
    digest = canonical_sha256(request.model_dump(mode="json", exclude={"idempotency_key"} | _sealed_members(request)))
    if connection.execute(CLAIM, key | {"request_sha256": digest}).rowcount:
        answer = work()
        connection.execute(ANSWER, key | {"answer": json.dumps(answer.model_dump(mode="json"))})
        return answer
    known = connection.execute(FIND, key).one()
    if known.request_sha256 != digest:
        raise KeyReused
    return method.answer.model_validate(known.answer)


def once_or_refusal(
    connection: Connection, method: Method, request: Write, work: Callable[[], AnswerT], *, caller: str = ""
) -> AnswerT | Refusal:
    """Like `once`, but a refusal undoes what *work* did and nothing else of the transaction.

    It is returned, so that the caller can note it in the same transaction, and raise it after the commit.
    """
    try:
        with connection.begin_nested():
            return once(connection, method, request, work, caller=caller)
    except Refusal as refusal:
        return refusal


def _sealed_members(request: Write) -> set[str]:
    """A sealed box of the same text differs each time, so it cannot tell two requests apart."""
    return {"password", "repeated"} & set(type(request).model_fields)
