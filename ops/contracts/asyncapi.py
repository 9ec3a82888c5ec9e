"""The AsyncAPI 3.0 document of the bus, from the registry of the contracts."""

from importlib.metadata import version
from typing import Any

import yaml
from espace_contracts import errors, funder, samples
from espace_contracts.envelope import EventData
from espace_contracts.registry import EVENTS, INBOUND_EVENTS, METHODS, OWNERS, SERVICES, SUBSCRIPTIONS
from espace_contracts.rpc import FUNDER, GATEWAY, OUTSIDE_KINDS, Method

from chassis.topology import RPC_EXCHANGE, event_queue_name, rpc_queues
from ops.contracts.schemas import exchanges_of, referring_to, schemas

SCHEMAS = "#/components/schemas/"
MESSAGES = "#/components/messages/"
REPLIES = "rpc.replies"
TIME_SAMPLE = 1_576_054_800_000
EVERY_METHOD = (errors.InvalidRequest, errors.NotAllowed, errors.DeadlineExceeded)
ABOUT = """\
The portal on RabbitMQ. Events are CloudEvents 1.0 in structured JSON on topic exchanges, the routing key being the type.
Calls are nameko RPC on the exchange nameko-rpc: the request `{"args": [object], "kwargs": {}}` goes to the key
`service.method` with the properties `reply_to` and `correlation_id`, and, where the method asks for an identified
caller, `user_id` (the name of your own broker user, which the broker checks). The header `deadline` (Unix time in
milliseconds, by the clock of the service, which every reply tells as `time`) is optional. Within a version only optional members are added: pass over members that you do not know.
"""


class _WithoutAliases(yaml.SafeDumper):
    """Writes everything out: an anchor saves bytes and costs the reader."""

    def ignore_aliases(self, data: Any) -> bool:
        """Always."""
        return True


def document() -> dict[str, Any]:
    """The whole document, JSON-ready."""
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "Espace Employeur", "version": version("espace-contracts"), "description": ABOUT},
        "defaultContentType": "application/json",
        "servers": {"broker": _server()},
        "channels": _channels(),
        "operations": _operations(),
        "components": {"messages": _messages(), "schemas": _schemas(), "securitySchemes": _security()},
        "x-access": access_table(),
    }


def text() -> str:
    """The document as it lies in `docs/asyncapi.yaml`."""
    head = "# Written by `espace contracts write` from contracts/espace_contracts; do not edit.\n"
    return head + yaml.dump(document(), Dumper=_WithoutAliases, sort_keys=False, allow_unicode=True, width=110)


def access_table() -> dict[str, Any]:
    """What each kind of outside user may publish, hear and call; `identified` calls need the property user_id."""
    return {
        kind: {
            "publishes": sorted(event.type for event in INBOUND_EVENTS) if kind == FUNDER else [],
            "hears": [f"{service}.events" for service in SERVICES] if kind in (FUNDER, GATEWAY) else [],
            "calls": {key: {"identified": m.identified} for key, m in sorted(METHODS.items()) if kind in m.callers},
        }
        for kind in (GATEWAY, *OUTSIDE_KINDS)
    }


def _server() -> dict[str, Any]:
    return {
        "host": "broker.example:5672",
        "pathname": "/portal",
        "protocol": "amqp",
        "protocolVersion": "0.9.1",
        "description": "RabbitMQ. Users are named <kind>.<name>; the operators make them: espace bus add-client.",
        "security": [{"$ref": "#/components/securitySchemes/brokerUser"}],
    }


def _security() -> dict[str, Any]:
    return {"brokerUser": {"type": "userPassword", "description": "The kind in the user's name decides its rights."}}


def _channels() -> dict[str, Any]:
    events = {f"{exchange}.{t}": _event_channel(exchange, t) for exchange, t in _published()}
    calls = {key: _call_channel(key, method) for key, method in sorted(METHODS.items())}
    replies = {f"{key}.answer": {"$ref": f"{MESSAGES}{key}.answer"} for key in sorted(METHODS)}
    about = "The caller's own exclusive queue `rpc.reply…`, bound to nameko-rpc by the key that it sends as reply_to."
    return events | calls | {REPLIES: {"address": None, "description": about, "messages": replies}}


def _published() -> list[tuple[str, str]]:
    return [(exchange, t) for t, event in EVENTS.items() for exchange in exchanges_of(event)]


def _event_channel(exchange: str, event_type: str) -> dict[str, Any]:
    return {
        "address": event_type,
        "description": f"Exchange {exchange}, routing key {event_type}.",
        "messages": {event_type: {"$ref": f"{MESSAGES}{event_type}"}},
        "bindings": {"amqp": _exchange(exchange)},
    }


def _call_channel(key: str, method: Method[Any, Any]) -> dict[str, Any]:
    return {
        "address": key,
        "description": f"Exchange {RPC_EXCHANGE}, routing key {key}, answered from {rpc_queues(method.service)[0].name}.",
        "messages": {f"{key}.request": {"$ref": f"{MESSAGES}{key}.request"}},
        "bindings": {"amqp": _exchange(RPC_EXCHANGE)},
    }


def _exchange(name: str) -> dict[str, Any]:
    return {"is": "routingKey", "exchange": {"name": name, "type": "topic", "durable": True, "autoDelete": False}}


def _operations() -> dict[str, Any]:
    events = {f"{exchange}.{t}": _event_operation(exchange, EVENTS[t]) for exchange, t in _published()}
    return events | {key: _call_operation(key, method) for key, method in sorted(METHODS.items())}


def _event_operation(exchange: str, event: type[EventData]) -> dict[str, Any]:
    channel = f"#/channels/{exchange}.{event.type}"
    inbound = exchange == funder.EXCHANGE
    heard = [event_queue_name(service, event) for service, types in SUBSCRIPTIONS.items() if event in types]
    return {
        "action": "receive" if inbound else "send",
        "summary": summary(event),
        "channel": {"$ref": channel},
        "messages": [{"$ref": f"{channel}/messages/{event.type}"}],
        "bindings": {"amqp": {"deliveryMode": 2, "mandatory": True} if inbound else {"deliveryMode": 2}},
        **({"x-queues": heard} if heard else {}),
        **({"x-rejections": f"{OWNERS[event.type]}.events MessageRejected.v1"} if inbound else {}),
    }


def _call_operation(key: str, method: Method[Any, Any]) -> dict[str, Any]:
    return {
        "action": "receive",
        "summary": summary(method.request),
        "channel": {"$ref": f"#/channels/{key}"},
        "messages": [{"$ref": f"#/channels/{key}/messages/{key}.request"}],
        "reply": {
            "address": {"location": "$message.header#/reply_to", "description": "AMQP's property reply_to."},
            "channel": {"$ref": f"#/channels/{REPLIES}"},
            "messages": [{"$ref": f"#/channels/{REPLIES}/messages/{key}.answer"}],
        },
        "x-callers": sorted(method.callers),
        "x-identified": method.identified,
        "x-refusals": refusals(method),
        "x-seconds": method.seconds,
    }


def refusals(method: Method[Any, Any]) -> dict[str, str]:
    """Code and meaning of every refusal that *method* answers, those of all methods among them."""
    known: dict[type[errors.Refusal], None] = dict.fromkeys((*method.refusals, *EVERY_METHOD))
    return {refusal.code: summary(refusal) for refusal in sorted(known, key=lambda refusal: refusal.code)}


def summary(subject: type) -> str:
    """First line of the docstring."""
    return (subject.__doc__ or "").strip().splitlines()[0]


def _messages() -> dict[str, Any]:
    found = {event_type: _event_message(event) for event_type, event in EVENTS.items()}
    for key, method in sorted(METHODS.items()):
        found[f"{key}.request"] = _request_message(key, method)
        found[f"{key}.answer"] = _answer_message(key, method)
    return found


def _event_message(event: type[EventData]) -> dict[str, Any]:
    attributes = {"$ref": f"{SCHEMAS}CloudEvent"}
    data = {"type": "object", "properties": {"type": {"const": event.type}, "data": _named(event)}}
    return {
        "name": event.type,
        "title": event.type.partition(".")[0],
        "summary": summary(event),
        "contentType": "application/json",
        "payload": {"allOf": [attributes, data]},
        "examples": [{"name": event.type, "payload": samples.event_sample(event.type)}],
    }


def _request_message(key: str, method: Method[Any, Any]) -> dict[str, Any]:
    arguments = {"type": "array", "items": _named(method.request), "minItems": 1, "maxItems": 1}
    payload = {"args": arguments, "kwargs": {"type": "object", "maxProperties": 0}}
    return {
        "name": f"{key}.request",
        "summary": summary(method.request),
        "contentType": "application/json",
        "headers": {"$ref": f"{SCHEMAS}CallHeaders"},
        "correlationId": {"location": "$message.header#/correlation_id", "description": "AMQP's property."},
        "payload": {"type": "object", "required": ["args", "kwargs"], "properties": payload},
        "examples": [{"name": key, "payload": {"args": [samples.request_sample(key)], "kwargs": {}}}],
    }


def _answer_message(key: str, method: Method[Any, Any]) -> dict[str, Any]:
    result = {"oneOf": [_named(method.answer), {"type": "null"}]}
    error = {"oneOf": [{"$ref": f"{SCHEMAS}CallError"}, {"type": "null"}]}
    return {
        "name": f"{key}.answer",
        "summary": f"Answer of {key}: {summary(method.answer)}",
        "contentType": "application/json",
        "correlationId": {"location": "$message.header#/correlation_id", "description": "AMQP's property."},
        "payload": {
            "type": "object",
            "required": ["result", "error"],
            "properties": {"result": result, "error": error, "time": _time_there()},
        },
        "examples": [
            {"name": "answered", "payload": {"result": samples.answer_sample(key), "error": None, "time": TIME_SAMPLE}},
            {"name": "refused", "payload": {"result": None, "error": error_sample(), "time": TIME_SAMPLE}},
        ],
    }


def _time_there() -> dict[str, Any]:
    return {
        "type": "integer",
        "description": "Unix time in milliseconds by the service's clock, to reckon deadlines by.",
    }


def error_sample() -> dict[str, Any]:
    """A refusal as nameko's error object carries it."""
    return {
        "exc_type": "InvalidRequest",
        "exc_path": "espace_contracts.errors.InvalidRequest",
        "exc_args": ["does not have the contract's shape", "siret"],
        "value": "does not have the contract's shape",
        "code": "invalid_request",
        "fields": ["siret"],
    }


def _named(model: type) -> dict[str, str]:
    return {"$ref": f"{SCHEMAS}{schemas().names[model]}"}


def _schemas() -> dict[str, Any]:
    own = {"CloudEvent": _cloud_event(), "CallHeaders": _call_headers(), "CallError": _call_error()}
    return own | referring_to(SCHEMAS, dict(sorted(schemas().definitions.items())))


def _cloud_event() -> dict[str, Any]:
    text_ = {"type": "string", "minLength": 1, "maxLength": 200}
    return {
        "type": "object",
        "description": "CloudEvents 1.0, structured mode; accepted as application/cloudevents+json as well.",
        "required": ["specversion", "id", "source", "type", "time", "data"],
        "properties": {
            "specversion": {"const": "1.0"},
            "id": text_ | {"description": "With the same id only the same data: another body is refused."},
            "source": text_,
            "type": text_,
            "time": {"type": "string", "format": "date-time"},
            "subject": text_,
            "datacontenttype": {"const": "application/json"},
            "dataschema": {"type": "string"},
            "traceparent": text_,
            "correlationid": text_,
            "data": {"type": "object"},
        },
    }


def _call_headers() -> dict[str, Any]:
    deadline = {
        "type": "integer",
        "description": "Unix time in milliseconds by the service's clock; a later start is refused.",
    }
    return {"type": "object", "properties": {"deadline": deadline}}


def _call_error() -> dict[str, Any]:
    codes = sorted(
        {refusal.code for refusal in errors.REFUSALS.values()} | {"incident", "unavailable", "method_not_found"}
    )
    strings = {"type": "array", "items": {"type": "string"}}
    return {
        "type": "object",
        "description": "nameko's error object with `code` and, in a refusal, the faulty `fields`.",
        "required": ["exc_type", "exc_args", "value", "code"],
        "properties": {
            "exc_type": {"type": "string"},
            "exc_path": {"type": "string"},
            "exc_args": {"type": "array"},
            "value": {"type": "string"},
            "code": {"enum": codes},
            "fields": strings,
        },
    }
