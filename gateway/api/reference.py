"""The API's document as its page shows it: by resource, each operation with its parameters and examples."""

import json
from dataclasses import dataclass
from typing import Any

from gateway.api.description import JSON, operations


@dataclass(frozen=True)
class Parameter:
    """Something that the address, a header or a cookie carries."""

    name: str
    place: str
    kind: str
    required: bool
    said: str


@dataclass(frozen=True)
class Operation:
    """One method of one path."""

    name: str
    method: str
    path: str
    said: str
    parameters: tuple[Parameter, ...]
    request: str
    answer: str
    outcomes: tuple[tuple[str, str], ...]


def chapters(document: dict[str, Any]) -> dict[str, list[Operation]]:
    """The operations by their tag, in the document's order."""
    found: dict[str, list[Operation]] = {}
    for method, path, described in operations(document):
        found.setdefault(described["tags"][0], []).append(_operation(method, path, described))
    return found


def _operation(method: str, path: str, described: dict[str, Any]) -> Operation:
    return Operation(
        name=described["operationId"],
        method=method.upper(),
        path=path,
        said=described.get("description", ""),
        parameters=tuple(_parameter(one) for one in described.get("parameters", ())),
        request=_example(described.get("requestBody", {})),
        answer=next((text for text in map(_example, described["responses"].values()) if text), ""),
        outcomes=tuple((status, one["description"]) for status, one in sorted(described["responses"].items())),
    )


def _parameter(described: dict[str, Any]) -> Parameter:
    kind, required = _kind(described["schema"]), described.get("required", False)
    return Parameter(described["name"], described["in"], kind, required, described["description"])


def _kind(schema: dict[str, Any]) -> str:
    """The type in a few words, without the null that stands for absence."""
    parts = [one for one in schema.get("anyOf", [schema]) if one.get("type") != "null"]
    return " | ".join(one.get("format") or one.get("type") or one.get("$ref", "").rpartition("/")[2] for one in parts)


def _example(body: dict[str, Any]) -> str:
    content = body.get("content", {}).get(JSON, {})
    return json.dumps(content["example"], indent=2, ensure_ascii=False) if "example" in content else ""
