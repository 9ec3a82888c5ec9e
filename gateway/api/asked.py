"""What a program asks of a list, in the query of its address: read as a whole by one model.

FastAPI reads a query parameter by parameter, and looks at the annotation of each anew: with the eight of the list of
payments that was a third of all work for a request.
"""

from typing import Any, Generic, TypeVar

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError

ModelT = TypeVar("ModelT", bound=BaseModel)


class Asked(Generic[ModelT]):
    """The dependency of a route whose query is *model*; its `openapi` goes into the route's `openapi_extra`."""

    def __init__(self, model: type[ModelT]) -> None:
        self.model = model

    async def __call__(self, request: Request) -> ModelT:
        """The query. Raises RequestValidationError, as FastAPI does; members that nobody knows are passed over."""
        try:
            return self.model.model_validate(dict(request.query_params))
        except ValidationError as exc:
            faults = [{**fault, "loc": ("query", *fault["loc"])} for fault in exc.errors(include_url=False)]
            raise RequestValidationError(faults) from exc

    @property
    def openapi(self) -> dict[str, Any]:
        """The parameters as FastAPI would describe them."""
        schema = self.model.model_json_schema()
        needed = schema.get("required", ())
        return {
            "parameters": [
                {"name": name, "in": "query", "required": name in needed, "schema": member}
                for name, member in schema["properties"].items()
            ]
        }
