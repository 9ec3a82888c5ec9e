"""Calls that end in time, for a nameko service: `pip install './contracts[nameko]'`. Nothing else here needs nameko.

nameko's own proxies wait for ever when nobody answers, run what was given up later, and end their service when the broker
goes away. Here every call has a deadline, which travels with it; refusals are raised as themselves; and while the
broker is away a call ends as Unavailable in its time.
"""

import logging
from contextlib import suppress
from typing import Any, TypeVar
from uuid import uuid4

import eventlet
from amqp.exceptions import AMQPError
from eventlet.event import Event as Signal
from eventlet.semaphore import Semaphore
from kombu import Connection, Consumer, Exchange, Producer, Queue
from nameko.extensions import DependencyProvider
from pydantic import ValidationError

from espace_contracts.deadlines import Deadlines, came_too_late
from espace_contracts.errors import REFUSALS, Incident, Refusal, Unavailable
from espace_contracts.rpc import Answer, Method, Request

log = logging.getLogger(__name__)

RequestT = TypeVar("RequestT", bound=Request)
AnswerT = TypeVar("AnswerT", bound=Answer)
EXCHANGE = Exchange("nameko-rpc", type="topic", no_declare=True)
LOST = (OSError, AMQPError)
CONNECT_SECONDS, HEARTBEAT = 5, 10
FIRST_PAUSE, LONGEST_PAUSE = 0.2, 3.0  # seconds between attempts to reconnect


class Calls(DependencyProvider):
    """`bus = Calls()` of a service: `self.bus.call(METHOD, request)`; one connection a process, made again when lost."""

    def setup(self) -> None:
        """Nothing connects yet."""
        self._caller = Caller(self.container.config["AMQP_URI"], name=self.container.service_name)

    def start(self) -> None:
        """Begin to connect; does not wait for it."""
        self._caller.start()

    def stop(self) -> None:
        """End the connection and what is in flight."""
        self._caller.close()

    def get_dependency(self, worker_ctx: Any) -> "Caller":
        """The same for every worker."""
        return self._caller


class Caller:
    """The caller behind `Calls`; it may be used without a container as well, where eventlet has patched the process."""

    def __init__(self, amqp_url: str, *, name: str) -> None:
        self._url = amqp_url
        self._name = name  # by which operators know the connection
        self._waiting: dict[str, Signal] = {}
        self._deadlines = Deadlines()
        self._writing = Semaphore()
        self._ready = Signal()
        self._connection: Connection | None = None
        self._channel: Any = None
        self._reply_key = ""
        self._keeper: Any = None

    def start(self) -> None:
        """Begin to connect; does not wait for it."""
        self._keeper = eventlet.spawn(self._keep_connected)

    def close(self) -> None:
        """End the connection; calls in flight end as Unavailable."""
        if self._keeper is not None:
            self._keeper.kill()
        self._lose()

    def call(self, method: Method[RequestT, AnswerT], request: RequestT, *, seconds: float | None = None) -> AnswerT:
        """The answer of *method*, within its own deadline or *seconds*. Raises its refusals, Unavailable, Incident.

        After Unavailable nobody knows whether the call was executed: repeat a write with the same idempotency key.
        """
        seconds = method.seconds if seconds is None else seconds
        until = self._deadlines.now() + seconds
        with eventlet.Timeout(seconds, Unavailable(method.routing_key)):
            self._ready.wait()
            reply = self._exchange(method, request, until)
            if came_too_late(reply):  # and we still wait: we had its clock wrong, and have learned better
                reply = self._exchange(method, request, until)
        return _outcome(method, reply)

    def _exchange(self, method: Method[Any, Any], request: Request, until: float) -> dict[str, Any]:
        key, reply, sent = uuid4().hex, Signal(), self._deadlines.now()
        self._waiting[key] = reply
        try:
            self._publish(method, request, key, until=until)
            document: dict[str, Any] | None = reply.wait()
        finally:
            del self._waiting[key]
        if document is None:
            raise Unavailable(method.routing_key)
        self._deadlines.learn(method.service, document.get("time"), sent=sent)
        return document

    def _publish(self, method: Method[Any, Any], request: Request, key: str, *, until: float) -> None:
        with self._writing:
            connection = self._connection
            if connection is None:
                raise Unavailable(method.routing_key)
            try:
                Producer(self._channel, auto_declare=False).publish(
                    {"args": [request.model_dump(mode="json")], "kwargs": {}},
                    exchange=EXCHANGE,
                    routing_key=method.routing_key,
                    serializer="json",
                    delivery_mode=1,
                    reply_to=self._reply_key,
                    correlation_id=key,
                    user_id=connection.userid,
                    expiration=max(0.001, until - self._deadlines.now()),
                    headers={"deadline": self._deadlines.header(method.service, until)},
                )
            except LOST as exc:
                self._lose()
                raise Unavailable(method.routing_key) from exc
            except Unavailable:  # the deadline, in the middle of a frame: what follows on this connection is noise
                self._lose()
                raise

    def _keep_connected(self) -> None:
        pause = FIRST_PAUSE
        while True:
            try:
                with eventlet.Timeout(2 * CONNECT_SECONDS, TimeoutError("no connection")):
                    connection = self._connect()
                pause = FIRST_PAUSE
                self._read(connection)
            except LOST as exc:
                log.warning("no bus: %s", type(exc).__name__)
            self._lose()
            eventlet.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)

    def _connect(self) -> Connection:
        connection = Connection(
            self._url,
            heartbeat=HEARTBEAT,
            connect_timeout=CONNECT_SECONDS,
            transport_options={"client_properties": {"connection_name": f"calls of {self._name}"}},
        )
        try:
            connection.connect()
            self._prepare(connection)
        except BaseException:
            connection.collect()
            raise
        return connection

    def _prepare(self, connection: Connection) -> None:
        self._reply_key = str(uuid4())
        name = f"rpc.reply-{connection.userid}-{self._reply_key}"
        replies = Queue(name, EXCHANGE, self._reply_key, exclusive=True, auto_delete=True, durable=False)
        self._channel = connection.channel()
        Consumer(self._channel, replies, callbacks=[self._on_reply], no_ack=True, accept=["json"]).consume()
        self._connection = connection
        self._ready.send(None)

    def _read(self, connection: Connection) -> None:
        """Until the connection is lost, which raises."""
        while True:
            with suppress(TimeoutError):
                connection.drain_events(timeout=1)
            with self._writing:
                connection.heartbeat_check()

    def _on_reply(self, document: Any, message: Any) -> None:
        reply = self._waiting.get(message.properties.get("correlation_id") or "")
        if reply is not None and not reply.ready():
            reply.send(document)

    def _lose(self) -> None:
        connection, self._connection = self._connection, None
        if self._ready.ready():
            self._ready = Signal()
        for reply in self._waiting.values():
            if connection is not None and not reply.ready():
                reply.send(None)
        if connection is not None:
            connection.collect()  # without the closing handshake: a frozen broker would not answer it


def _outcome(method: Method[Any, AnswerT], document: dict[str, Any]) -> AnswerT:
    error = document.get("error")
    if error:
        raise _raised_there(error)
    try:
        return method.answer.model_validate(document["result"])
    except ValidationError as exc:
        raise Incident from exc


def _raised_there(error: dict[str, Any]) -> Refusal | Incident | Unavailable:
    arguments = [str(argument) for argument in error.get("exc_args", ())]
    if refusal := REFUSALS.get(error.get("exc_type", "")):
        return refusal(*arguments[:2])
    return Unavailable(*arguments[:1]) if error.get("exc_type") == "Unavailable" else Incident(*arguments[:1])
