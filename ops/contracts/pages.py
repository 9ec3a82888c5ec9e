"""`docs/events.md`: the bus for people, from the registry of the contracts."""

import json
from collections.abc import Iterator
from typing import Any

from espace_contracts import samples
from espace_contracts.envelope import EventData
from espace_contracts.registry import EVENTS, METHODS, SUBSCRIPTIONS
from espace_contracts.rpc import GATEWAY, OUTSIDE_KINDS

from chassis.topology import event_queue_name
from ops.contracts.asyncapi import access_table, refusals, summary
from ops.contracts.schemas import exchanges_of, schemas

HEAD = """\
<!-- Written by `espace contracts write` from contracts/espace_contracts; do not edit. -->
# Events and calls

What crosses the bus, for a reader. A program reads [asyncapi.yaml](asyncapi.yaml); how to publish, listen and call is in
[clients.md](clients.md). Events are CloudEvents 1.0 as JSON; the exchange is a topic exchange, the routing key is the
type. Within a version only optional members are added: pass over members that you do not know. Events may come twice and
in any order: the member `version`, else `time`, decides.
"""


def text() -> str:
    """The page as it lies in `docs/events.md`."""
    return "\n".join([HEAD, *_access(), *_events(), *_calls()]).rstrip() + "\n"


def _access() -> Iterator[str]:
    table = access_table()
    kinds = (GATEWAY, *OUTSIDE_KINDS)
    yield "## Who may do what\n"
    yield "The kind is the part of a broker user's name before the dot. ● may call; ○ may call, without `user_id` too.\n"
    yield f"| | {' | '.join(kinds)} |"
    yield "|---" * (len(kinds) + 1) + "|"
    for key, method in sorted(METHODS.items()):
        mark = "●" if method.identified else "○"
        yield f"| `{key}` | {' | '.join(mark if kind in method.callers else '' for kind in kinds)} |"
    for what, label in (("publishes", "publish on `funder.events`"), ("hears", "listen to `<service>.events`")):
        yield f"| {label} | {' | '.join('●' if table[kind][what] else '' for kind in kinds)} |"
    yield ""


def _events() -> Iterator[str]:
    yield "## Events\n"
    for event_type, event in EVENTS.items():
        heard = [event_queue_name(service, event) for service, types in SUBSCRIPTIONS.items() if event in types]
        yield f"### {event_type}\n"
        yield f"{summary(event)}\n"
        queues = f" Queues: {', '.join(f'`{queue}`' for queue in heard)}." if heard else ""
        yield f"On {', '.join(f'`{exchange}`' for exchange in exchanges_of(event))}.{queues}\n"
        yield from _members(event)
        yield from _sample(samples.event_sample(event_type))


def _members(model: type[EventData]) -> Iterator[str]:
    schema = schemas().definitions[schemas().names[model]]
    required = schema.get("required", ())
    yield "| member of `data` | | |"
    yield "|---|---|---|"
    for name, member in schema["properties"].items():
        yield f"| `{name}` | {shape(member)} | {'' if name in required else 'optional'} |"
    yield ""


def shape(schema: dict[str, Any]) -> str:
    """A member's schema in a few words."""
    if "$ref" in schema:
        return str(schema["$ref"].rpartition("/")[2])
    if "anyOf" in schema:
        return " or ".join(shape(one) for one in schema["anyOf"] if one.get("type") != "null")
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"])
    if "const" in schema:
        return f"`{schema['const']}`"
    if schema.get("type") == "array":
        return f"list of {shape(schema.get('items', {}))}"
    return str(schema.get("format") or schema.get("type") or "any")


def _sample(document: dict[str, Any]) -> Iterator[str]:
    yield f"```json\n{json.dumps(document, indent=2, ensure_ascii=False)}\n```\n"


def _calls() -> Iterator[str]:
    yield "## Calls\n"
    for key, method in sorted(METHODS.items()):
        yield f"### {key}\n"
        yield f"{summary(method.request)}\n"
        yield f"Answers {method.answer.__name__}: {summary(method.answer)} Our own clients wait {method.seconds:g} s.\n"
        yield f"Refusals: {', '.join(f'`{code}`' for code in refusals(method))}.\n"
        yield from _sample({"request": samples.request_sample(key), "answer": samples.answer_sample(key)})
