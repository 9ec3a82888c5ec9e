"""`@rpc(METHOD)`: nameko's RPC with typed requests, deadlines, typed refusals and replies that cost little.

The reply leaves on the consumer's own channel, transient and unconfirmed, and the request is acknowledged
after it: a lost reply is covered by the caller's deadline and idempotency key, and nothing else is given up.
"""

import re
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import orjson
import structlog
from amqp import Message
from espace_contracts.envelope import LARGEST_MESSAGE, faulty_fields
from espace_contracts.errors import DeadlineExceeded, InvalidRequest, NotAllowed, Refusal, Unavailable
from espace_contracts.rpc import Answer, Method, Write
from kombu import Exchange
from nameko.exceptions import ContainerBeingKilled, MethodNotFound, serialize
from nameko.rpc import Rpc, RpcConsumer
from pydantic import ValidationError

from chassis import metrics
from chassis.bus.caller import CONTEXT_KEY, CallingUser
from chassis.bus.consumer import LOST, BusConsumer, kombu_queue
from chassis.bus.incidents import OUTAGES, report
from chassis.bus.publisher import ConfirmedPublisher
from chassis.bus.timelimits import timeouts_are_errors
from chassis.database import DEADLINE_KEY
from chassis.loops import SharedClock
from chassis.topology import REPLY_KEY, RPC_EXCHANGE, rpc_queues

log = structlog.get_logger()


class Unreadable(Exception):
    """No answer can be given: the request is set aside in `rpc-<service>.dead` (trap 12)."""


class RpcRequests(RpcConsumer):
    """The queue `rpc-<service>`: finds the method, answers, sets poison aside."""

    queue_consumer = BusConsumer()
    publisher = ConfirmedPublisher()
    shared_clock = SharedClock()  # all replicas of a service go by its database: a deadline means the same to each
    queue: Any

    def setup(self) -> None:
        """Consumes `rpc-<service>` from start on."""
        if self.queue is None:
            self._specs = rpc_queues(self.container.service_name)
            self.queue = kombu_queue(self._specs[0])
            self.queue_consumer.register_provider(self)

    def declare(self, channel: Any) -> None:
        """Called after each (re)connection. Systems of the funder may delete the exchange, and its bindings with it."""
        Exchange(RPC_EXCHANGE, type="topic", durable=True)(channel).declare()
        for spec in self._specs:
            kombu_queue(spec)(channel).declare()

    def mend(self, channel: Any) -> None:
        """Called every few seconds, on the consumer's channel by its own green thread."""
        self.declare(channel)

    def starts_at_once(self, message: Any) -> bool:
        """Start the worker in the consumer's own green thread when nothing can make it wait; whether it was done.

        What is faulty, and what finds all workers busy, takes the long way through `handle_message`.
        """
        if not self.container._worker_pool.free():
            return False
        try:
            self._start(message)
        except (Refusal, MethodNotFound, Unreadable):
            return False
        return True

    def handle_message(self, message: Any) -> None:
        """Start the worker for a raw request; a refusal before the method starts is an answer too."""
        try:
            self._start(message)
        except Unreadable as exc:
            self._set_aside(message, reason=str(exc))
        except (Refusal, MethodNotFound) as exc:
            known = exc.code if isinstance(exc, Refusal) else "method_not_found"
            metrics.CALLS_REFUSED.labels(self.queue.name, known).inc()
            self.answer(message, None, exc)

    def _start(self, message: Any) -> None:
        _check_readable(message)
        _check_straight(message)
        provider = self.get_provider_for_method(message.delivery_info["routing_key"])
        provider.handle_message(message)

    def now(self) -> float:
        """Unix time in seconds, as the service's database tells it."""
        return self.shared_clock.now().timestamp()

    def answer(self, message: Any, result: Answer | None, error: Exception | None) -> None:
        """Reply, then acknowledge."""
        properties = message.properties
        body = _reply(result, error, time=int(self.now() * 1000))
        reply = Message(
            body,
            correlation_id=properties.get("correlation_id"),
            content_type="application/json",
            content_encoding="utf-8",
            delivery_mode=1,
        )
        try:
            if message.channel is not None and message.channel.connection:
                message.channel.basic_publish(reply, exchange=RPC_EXCHANGE, routing_key=properties["reply_to"])
        except LOST as exc:
            log.warning("reply_lost", reason=type(exc).__name__)
        self.queue_consumer.ack_message(message)

    def _set_aside(self, message: Any, *, reason: str) -> None:
        name = self.queue.name
        headers = {"x-reason": reason, "x-attempts": 1, "x-origin": name}
        body = bytes(message.body[:LARGEST_MESSAGE])
        self.publisher.publish_to_queue(f"{name}.dead", body, properties=message.properties, headers=headers)
        metrics.REQUESTS_SET_ASIDE.labels(name).inc()
        log.error("request_set_aside", queue=name, reason=reason)
        self.queue_consumer.ack_message(message)


class TypedRpc(Rpc):
    """The entrypoint behind `@rpc(METHOD)`."""

    rpc_consumer = RpcRequests()

    def __init__(self, method: Method, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.method = method

    def handle_message(self, message: Any) -> None:
        """Check deadline, caller and request, then start the worker."""
        left = seconds_left(message.headers or {}, now=self.rpc_consumer.now())
        caller = check_caller(self.method, message.properties.get("user_id"))
        request = self._request(message)
        bound = time.monotonic() + left if left is not None and isinstance(request, Write) else None
        # Every header of the message is in the context as well: what we put there is always ours.
        context = self.unpack_message_headers(message) | {CONTEXT_KEY: caller.name, DEADLINE_KEY: bound}
        context["traceparent"] = (message.headers or {}).get("traceparent")
        handle_result = partial(self.handle_result, message)
        try:
            self.container.spawn_worker(self, (request,), {}, context_data=context, handle_result=handle_result)
        except ContainerBeingKilled:
            self.rpc_consumer.requeue_message(message)

    def _request(self, message: Any) -> Any:
        payload = message.payload_document
        args, kwargs = payload.get("args"), payload.get("kwargs", {})
        if kwargs or not isinstance(args, list) or len(args) != 1:
            raise InvalidRequest("takes one JSON object")
        try:
            return self.method.request.model_validate(args[0])
        except ValidationError as exc:
            raise InvalidRequest("does not have the contract's shape", ",".join(faulty_fields(exc))) from exc

    def handle_result(self, message: Any, worker_ctx: Any, result: Any, exc_info: Any) -> Any:
        """The answer is dumped by its own contract; what is no refusal becomes an incident."""
        error = exc_info[1] if exc_info else None
        if isinstance(error, OUTAGES):
            log.warning("call_met_an_outage", method=self.method.routing_key, reason=type(error).__name__)
            error = Unavailable(self.method.routing_key)
        elif error is not None and not isinstance(error, Refusal):
            error = report(error, where=self.method.routing_key)
        self.rpc_consumer.answer(message, None if error is not None else result, error)
        return result, exc_info


def seconds_left(headers: dict[str, Any], *, now: float) -> float | None:
    """A prefetched request does not expire on the broker: an abandoned one is refused here (trap 13).

    The header `deadline` is Unix time in milliseconds, by the clock of this service; without it there is no bound.
    Raises DeadlineExceeded.
    """
    deadline = headers.get("deadline")
    if not isinstance(deadline, int):
        return None
    left = deadline / 1000 - now
    if left < 0:
        raise DeadlineExceeded
    return left


def check_caller(method: Method, user_id: str | None) -> CallingUser:
    """The kind of the broker-validated user must be one of the method's. Raises NotAllowed (K31).

    Without a user_id only methods whose answer does not depend on the caller are open: for them the
    broker's topic permissions have decided already.
    """
    caller = CallingUser.of(user_id)
    if (user_id or method.identified) and caller.kind not in method.callers:
        raise NotAllowed(f"{method.routing_key} is not for this caller")
    return caller


def _check_readable(message: Any) -> None:
    """Raises Unreadable unless a JSON object came that wants a reply, to where one may go."""
    reply_to = message.properties.get("reply_to")
    if not reply_to:
        raise Unreadable("no_reply_to")
    if not re.fullmatch(REPLY_KEY, reply_to):  # the broker would close our channel, again at each redelivery
        raise Unreadable("bad_reply_to")
    if len(message.body) > LARGEST_MESSAGE:
        raise Unreadable("too_large")
    if message.content_type != "application/json":
        raise Unreadable("wrong_content_type")
    try:
        document = orjson.loads(message.body)
    except orjson.JSONDecodeError as exc:
        raise Unreadable("bad_json") from exc
    if not isinstance(document, dict):
        raise Unreadable("bad_json")
    message.payload_document = document


def _check_straight(message: Any) -> None:
    """Raises NotAllowed unless the request was published to the exchange of RPC itself.

    The broker holds publishers to the routing keys of their methods there, and only there: not when a message comes
    through an exchange that a caller bound to it, or as a dead letter of a queue of the caller's (K31).
    """
    if message.delivery_info["exchange"] != RPC_EXCHANGE or "x-death" in (message.headers or {}):
        raise NotAllowed("requests are published to nameko-rpc itself")


def _reply(result: Answer | None, error: Exception | None, *, time: int) -> bytes:
    """nameko's envelope and our time, by which callers reckon deadlines; pydantic writes the answer straight to JSON."""
    if result is None:
        refused = None if error is None else _on_the_wire(error)
        return orjson.dumps({"result": None, "error": refused, "time": time})
    return b'{"result":%b,"error":null,"time":%d}' % (result.model_dump_json().encode(), time)


def _on_the_wire(error: Exception) -> dict[str, Any]:
    document = serialize(error)
    document["code"] = getattr(error, "code", "method_not_found")
    if isinstance(error, Refusal):
        document["fields"] = list(error.fields)
    return document


def rpc(method: Method) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Expose a service's method as the remote method *method*; both bear the same name."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        guarded = timeouts_are_errors(function)
        return TypedRpc.decorator(method, expected_exceptions=(Refusal,))(guarded)

    return decorate
