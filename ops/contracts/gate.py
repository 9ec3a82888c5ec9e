"""The compatibility gate: today's contracts against every released version, kept under `contracts/released/`.

Within a version of a message only optional members are added. So a member that went away, that has another shape
or that came in as required is refused, whoever writes and whoever reads; anything else is a new type `.v2` beside it.
One door is open: what we read (requests, the funder's events) may accept more than before: looser bounds, further
words of an enumeration, a required member that became optional.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from espace_contracts import funder, samples
from espace_contracts.registry import EVENTS, METHODS

from ops.contracts.schemas import standalone
from ops.folders import ROOT

RELEASED = ROOT / "contracts" / "released"
WORDS = ("title", "description", "examples", "default", "$defs", "$schema")  # for people: free to change
UPPER_BOUNDS = ("maximum", "exclusiveMaximum", "maxLength", "maxItems")
LOWER_BOUNDS = ("minimum", "exclusiveMinimum", "minLength", "minItems")
READ_BY_US = "x-read-by-us"


class AlreadyReleased(Exception):
    """A released version is never written again."""


def current() -> dict[str, dict[str, Any]]:
    """File name without ending → schema, of every message of today's contracts."""
    found = {
        event_type: standalone(event) | {READ_BY_US: event.exchange == funder.EXCHANGE}
        for event_type, event in EVENTS.items()
        if hasattr(event, "exchange")
    }
    found |= {t: standalone(event) | {READ_BY_US: False} for t, event in EVENTS.items() if t not in found}
    for key, method in METHODS.items():
        rights = {"x-callers": sorted(method.callers), "x-identified": method.identified}
        found[f"{key}.request"] = standalone(method.request) | {READ_BY_US: True} | rights
        found[f"{key}.answer"] = standalone(method.answer) | {READ_BY_US: False}
    return found


def release(version: str, *, folder: Path = RELEASED) -> Path:
    """Keep today's schemas and golden samples as *version*. Raises AlreadyReleased."""
    target = folder / version
    if target.exists():
        raise AlreadyReleased(version)
    for name, schema in current().items():
        _write(target / f"{name}.json", schema)
    for event_type in samples.event_types():
        _write(target / "samples" / "events" / f"{event_type}.json", samples.event_sample(event_type))
    for key in samples.method_keys():
        both = {"request": samples.request_sample(key), "answer": samples.answer_sample(key)}
        _write(target / "samples" / "methods" / f"{key}.json", both)
    return target


def _write(path: Path, document: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, indent=1, ensure_ascii=False, sort_keys=True) + "\n", encoding="utf-8")


def breaks(*, folder: Path = RELEASED) -> list[str]:
    """One line for each promise of a released version that today's contracts do not keep."""
    today = current()
    return [
        f"{version.name}: {line}"
        for version in sorted(folder.iterdir())
        for path in sorted(version.glob("*.json"))
        for line in compare(path.stem, json.loads(path.read_text(encoding="utf-8")), today.get(path.stem))
    ]


def compare(name: str, before: dict[str, Any], after: dict[str, Any] | None) -> list[str]:
    """What of the message *name* is broken."""
    if after is None:
        return [f"{name} was removed"]
    lost = sorted(set(before.get("x-callers", ())) - set(after.get("x-callers", ())))
    found = [f"{name} is closed to {kind}" for kind in lost]
    if after.get("x-identified") and not before.get("x-identified"):
        found.append(f"{name} asks for user_id from now on")
    return found + list(_Comparison(before, after).at(name))


class _Comparison:
    """Walks two schemas of one message at once."""

    def __init__(self, before: dict[str, Any], after: dict[str, Any]) -> None:
        self._before, self._after = before.get("$defs", {}), after.get("$defs", {})
        self._may_widen = bool(before.get(READ_BY_US))
        self._roots = before, after

    def at(self, name: str) -> Iterator[str]:
        """The breaks, each with its path."""
        yield from self._schema(name, *self._roots)

    def _schema(self, path: str, before: Any, after: Any) -> Iterator[str]:
        before, after = _resolved(before, self._before), _resolved(after, self._after)
        yield from self._members(path, before, after)
        for keyword in sorted(set(before) | set(after)):
            if keyword in WORDS or keyword in ("properties", "required") or keyword.startswith("x-"):
                continue
            yield from self._keyword(path, keyword, before.get(keyword), after.get(keyword))

    def _members(self, path: str, before: dict[str, Any], after: dict[str, Any]) -> Iterator[str]:
        old, new = before.get("properties", {}), after.get("properties", {})
        was, is_now = set(before.get("required", ())), set(after.get("required", ()))
        yield from (f"{path}.{member} was removed" for member in sorted(set(old) - set(new)))
        yield from (f"{path}.{member} is required from now on" for member in sorted(is_now - was))
        if not self._may_widen:
            yield from (f"{path}.{member} is no longer always there" for member in sorted((was - is_now) & set(new)))
        for member in sorted(set(old) & set(new)):
            yield from self._schema(f"{path}.{member}", old[member], new[member])

    def _keyword(self, path: str, keyword: str, before: Any, after: Any) -> Iterator[str]:
        if self._may_widen and _is_wider(keyword, before, after):
            return
        if isinstance(before, dict) and isinstance(after, dict):
            yield from self._schema(path if keyword != "items" else f"{path}[]", before, after)
        elif _are_schemas(before) and _are_schemas(after) and len(before) == len(after):
            for old, new in zip(before, after, strict=True):
                yield from self._schema(path, old, new)
        elif before != after:
            yield f"{path} has another {keyword}: {_shown(before)}, now {_shown(after)}"


def _resolved(schema: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    if not isinstance(schema, dict):
        return {"const": schema}
    if "$ref" not in schema:
        return schema
    beside = {keyword: value for keyword, value in schema.items() if keyword != "$ref"}
    return definitions[schema["$ref"].rpartition("/")[2]] | beside


def _are_schemas(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, dict) for one in value)


def _is_wider(keyword: str, before: Any, after: Any) -> bool:
    if before is None:
        return False
    if after is None:
        return keyword in (*UPPER_BOUNDS, *LOWER_BOUNDS, "pattern", "enum", "additionalProperties")
    if keyword in UPPER_BOUNDS:
        return bool(after >= before)
    if keyword in LOWER_BOUNDS:
        return bool(after <= before)
    return keyword == "enum" and set(before) <= set(after)


def _shown(value: Any) -> str:
    return "none" if value is None else json.dumps(value, ensure_ascii=False)[:80]
