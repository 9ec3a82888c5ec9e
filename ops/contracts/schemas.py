"""JSON Schemas of all messages, from the classes of the contracts."""

import json
from dataclasses import dataclass
from functools import cache
from typing import Any

from espace_contracts.envelope import EventData
from espace_contracts.registry import EVENTS, METHODS, REJECTIONS
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

DEFINITIONS = "#/$defs/"


@dataclass(frozen=True)
class Schemas:
    """Schemas by name, and each message class's name among them; references start with `#/$defs/`."""

    definitions: dict[str, Any]
    names: dict[type[BaseModel], str]


@cache
def schemas() -> Schemas:
    """The schemas of every message of the registry and of what they are made of."""
    models: list[type[BaseModel]] = [*EVENTS.values()]
    for method in METHODS.values():
        models += [method.request, method.answer, *_mentioned(method.request)]
    references, document = models_json_schema([(model, "validation") for model in dict.fromkeys(models)])
    names = {model: str(references[model, "validation"]["$ref"]).removeprefix(DEFINITIONS) for model in models}
    return Schemas(document["$defs"], names)


def _mentioned(request: type[BaseModel]) -> list[type[BaseModel]]:
    """A request may carry objects that it checks one by one: their class is its attribute `facts`."""
    facts = getattr(request, "facts", None)
    return [facts] if facts else []


def referring_to(place: str, schema: Any) -> Any:
    """*schema* with its references moved from `#/$defs/` to *place*."""
    return json.loads(json.dumps(schema).replace(DEFINITIONS, place))


def standalone(model: type[BaseModel]) -> dict[str, Any]:
    """The schema of one message, with just the definitions that it needs."""
    known = schemas()
    needed: dict[str, Any] = {}
    _collect(known.definitions[known.names[model]], into=needed)
    return (
        {"$schema": "https://json-schema.org/draft/2020-12/schema"}
        | known.definitions[known.names[model]]
        | ({"$defs": dict(sorted(needed.items()))} if needed else {})
    )


def _collect(schema: Any, *, into: dict[str, Any]) -> None:
    if isinstance(schema, dict):
        name = str(schema.get("$ref", "")).removeprefix(DEFINITIONS)
        if name and name not in into:
            into[name] = schemas().definitions[name]
            _collect(into[name], into=into)
        for value in schema.values():
            _collect(value, into=into)
    elif isinstance(schema, list):
        for value in schema:
            _collect(value, into=into)


def exchanges_of(data_class: type[EventData]) -> list[str]:
    """Where this type is published: one exchange, or each service's own."""
    if data_class.type == REJECTIONS["identity"].type:
        return [rejection.exchange for rejection in REJECTIONS.values()]
    return [data_class.exchange]
