"""The API's OpenAPI 3.1 document: FastAPI's, with what opens a session, an example of each body, and words for all of it."""

import re
from collections.abc import Iterator, Sequence
from typing import Any

from fastapi.openapi.utils import get_openapi
from starlette.routing import BaseRoute

from gateway.api.examples import REQUESTS, answers
from gateway.api.shapes import PROBLEM_JSON, Problem, problems
from gateway.api.words import ANSWERS, MEMBERS, PARAMETERS, REFUSALS, SHAPES
from gateway.problems import TITLES

JSON = "application/json"
SAFE = ("get", "head")
OPEN = ("open_session",)
BEHAVIOURS = re.compile(r" \([SKR]\d+[^)]*\)")  # numbers that only we have the list of


def describe(routes: Sequence[BaseRoute], *, cookie: str) -> dict[str, Any]:
    """The document of *routes*; *cookie* is the name of the session's."""
    document = get_openapi(
        title="Espace Employeur",
        version="1",
        openapi_version="3.1.0",
        summary="Payments, documents and dossiers of one employer.",
        description=(
            "Log in with `POST /api/v1/session`, keep its cookie, and send the `csrf_token` of the answer as "
            "`X-CSRF-Token` with every request that changes something. Errors are `application/problem+json` "
            "(RFC 9457) with a stable `type`. Lists are `{items, next_cursor}`; the following part is also named by "
            "the header `Link`, `rel=next`. With an `Idempotency-Key`, the same request sent twice has one effect."
        ),
        routes=routes,
    )
    shapes = document["components"]["schemas"]
    for unused in ("HTTPValidationError", "ValidationError"):
        shapes.pop(unused, None)
    shapes["Problem"] = Problem.model_json_schema()
    document["components"]["securitySchemes"] = {
        "session": {"type": "apiKey", "in": "cookie", "name": cookie},
        "csrf": {"type": "apiKey", "in": "header", "name": "X-CSRF-Token"},
    }
    known = answers()
    for method, _path, operation in operations(document):
        name = operation["operationId"]
        if name not in OPEN:
            needed: dict[str, list[str]] = {"session": []} if method in SAFE else {"session": [], "csrf": []}
            operation["security"] = [needed]
        _promise_refusals(operation)
        _illustrate(operation, REQUESTS.get(name), known.get(name))
        _explain(operation)
    for name, shape in shapes.items():
        shape["description"] = SHAPES.get(name) or BEHAVIOURS.sub("", shape["description"])
        for member, described in shape.get("properties", {}).items():
            described["description"] = BEHAVIOURS.sub("", described.get("description") or MEMBERS[member])
    return document


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Method, path and description of each operation."""
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield method, path, operation


def _promise_refusals(operation: dict[str, Any]) -> None:
    """Refusals that come of the shape of a request are the same everywhere, and problem+json as all others."""
    places = {parameter["in"] for parameter in operation.get("parameters", ())}
    statuses = [
        (422, places),
        (404, "path" in places),
        (400, "requestBody" in operation),
        (422, "requestBody" in operation),
    ]
    for status, due in statuses:
        if due:
            operation["responses"].update({str(key): value for key, value in problems(status).items()})


def _illustrate(operation: dict[str, Any], request: Any, answer: Any) -> None:
    body = operation.get("requestBody", {}).get("content", {})
    if request is not None and JSON in body:
        body[JSON]["example"] = request
    for status, response in operation["responses"].items():
        if status.startswith("2") and JSON in response.get("content", {}) and answer is not None:
            response["content"][JSON]["example"] = answer


def _explain(operation: dict[str, Any]) -> None:
    """Say what each parameter and each answer means."""
    operation["description"] = BEHAVIOURS.sub("", operation["description"])
    for parameter in operation.get("parameters", ()):
        parameter["description"], parameter["example"] = PARAMETERS[parameter["name"]]
    for status, response in operation["responses"].items():
        if status in REFUSALS:
            response["description"], code, detail = REFUSALS[status]
            example: dict[str, Any] = {"type": f"/problems/{code}", "title": TITLES[int(status)], "status": int(status)}
            response["content"][PROBLEM_JSON]["example"] = example | ({"detail": detail} if detail else {})
        elif response["description"] == "Successful Response":
            response["description"] = ANSWERS[operation["operationId"]]
