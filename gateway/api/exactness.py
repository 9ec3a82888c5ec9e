"""The API takes JSON at its word: no number for a date, no 0 for false, as its OpenAPI document says."""

import re
from collections.abc import Callable, Coroutine
from typing import Annotated, Any

from espace_contracts.types import Day
from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import BeforeValidator, TypeAdapter, ValidationError
from starlette.responses import Response

from gateway.session import Gate


def written(pattern: str) -> BeforeValidator:
    """Texts of an address that look like *pattern*; pydantic alone would also take `0` for a date."""
    known = re.compile(pattern)

    def check(value: Any) -> Any:
        if isinstance(value, str) and not known.fullmatch(value):
            raise ValueError("is not written as it has to be")
        return value

    return BeforeValidator(check)


ExactDay = Annotated[Day, written(r"\d{4}-\d{2}-\d{2}")]
ExactFlag = Annotated[bool, written("true|false")]
Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class ExactRoute(APIRoute):
    """A route whose JSON body is read strictly, before FastAPI reads it."""

    def get_route_handler(self) -> Handler:
        """FastAPI's handler behind ours."""
        handle = super().get_route_handler()
        if self.body_field is None or (shape := self.body_field.field_info.annotation) is None:
            return handle
        body: TypeAdapter[Any] = TypeAdapter(shape)

        async def strictly(request: Request) -> Response:
            try:
                body.validate_json(await request.body(), strict=True)
            except ValidationError as exc:
                await self._ask_who(request)  # strangers hear nothing of what is wrong
                faults = [{**fault, "loc": ("body", *fault["loc"])} for fault in exc.errors(include_url=False)]
                raise RequestValidationError(faults) from exc
            return await handle(request)

        return strictly

    async def _ask_who(self, request: Request) -> None:
        for needed in self.dependant.dependencies:
            if isinstance(needed.call, Gate):
                await needed.call(request)
