"""Golden samples: one real message of every event type and one exchange of every method, as JSON on the wire.

They are examples for readers, input for a consumer's tests, and the memory of what was once promised: each
released version keeps its own, and today's code must still read them.
"""

import json
from importlib.resources import files
from typing import Any

_ROOT = files(__name__)


def event_sample(event_type: str) -> dict[str, Any]:
    """A whole CloudEvent of *event_type*, such as `PaymentIssued.v1`; a fresh copy. Raises KeyError for a stranger."""
    return _read("events", event_type)


def request_sample(routing_key: str) -> dict[str, Any]:
    """The JSON object that `service.method` takes; a fresh copy. Raises KeyError for a stranger."""
    request: dict[str, Any] = _read("methods", routing_key)["request"]
    return request


def answer_sample(routing_key: str) -> dict[str, Any]:
    """The JSON object that `service.method` returns; a fresh copy. Raises KeyError for a stranger."""
    answer: dict[str, Any] = _read("methods", routing_key)["answer"]
    return answer


def event_types() -> list[str]:
    """The types that have a sample, sorted."""
    return _names("events")


def method_keys() -> list[str]:
    """The methods that have a sample, as `service.method`, sorted."""
    return _names("methods")


def _names(folder: str) -> list[str]:
    return sorted(entry.name.removesuffix(".json") for entry in (_ROOT / folder).iterdir())


def _read(folder: str, name: str) -> dict[str, Any]:
    if name not in _names(folder):
        raise KeyError(name)
    document: dict[str, Any] = json.loads((_ROOT / folder / f"{name}.json").read_text(encoding="utf-8"))
    return document
