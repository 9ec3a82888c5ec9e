"""A bus on which every method answers with its golden sample, and a store that holds one file."""

from collections.abc import AsyncIterable, Mapping
from typing import Any

from espace_contracts import errors
from espace_contracts.rpc import Method
from espace_contracts.samples import answer_sample
from starlette.responses import Response

from gateway.security import token_hash
from tests.doubles.bus import FakeBus
from tests.doubles.portal import TOKEN


class SampleBus(FakeBus):
    """Whatever is asked, the contract's own example is the answer; the session is `FakeBus`'s."""

    async def call(self, method: Method, request: Any) -> Any:
        """The sample, once the request has gone through JSON and its contract."""
        request = method.request.model_validate(request.model_dump(mode="json"))
        self.calls.append((method.name, request))
        if method.name == "check_session" and request.token_hash != token_hash(TOKEN):
            raise errors.SessionInvalid
        if method.name in ("check_session", "open_session"):
            return getattr(self, method.name)(request)
        return method.answer.model_validate(answer_sample(f"{method.service}.{method.name}"))


class OneFile:
    """The store's client as the gateway uses it."""

    async def start(self) -> None:
        """Nothing to open."""

    async def close(self) -> None:
        """Nothing to close."""

    async def get(self, url: str, *, name: str, media_type: str, asked: Mapping[str, str] | None = None) -> Response:
        """The file."""
        return Response(b"%PDF-1.4", media_type="application/octet-stream")

    async def put(self, url: str, headers: Mapping[str, str], body: AsyncIterable[bytes]) -> None:
        """Take it."""
        async for _piece in body:
            continue
