"""The bus for an asyncio process: calls with a deadline, and events for a while (the gateway).

It speaks nameko's RPC protocol on bare aiormq: one channel, transient requests, replies without
acknowledgement. It imports neither nameko nor kombu nor eventlet.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

import aiormq
import orjson
import structlog
from aiormq.abc import AbstractChannel, AbstractConnection, DeliveredMessage
from espace_contracts.deadlines import Deadlines, came_too_late
from espace_contracts.envelope import Event, EventData, InvalidMessage, read_event
from espace_contracts.errors import REFUSALS, Incident, Refusal, Unavailable
from espace_contracts.rpc import Answer, Method, Request
from pydantic import ValidationError
from yarl import URL

from chassis import metrics, tracing
from chassis.topology import RPC_EXCHANGE

log = structlog.get_logger()

RequestT = TypeVar("RequestT", bound=Request)
AnswerT = TypeVar("AnswerT", bound=Answer)
EventCallback = Callable[[Event[Any]], None]
FIRST_PAUSE, LONGEST_PAUSE = 0.2, 3.0  # seconds between attempts to reconnect
HEARTBEAT = 10
MEND_SECONDS = 2.0  # between two bindings of the reply queue
UNANSWERED_SECONDS = 2 * HEARTBEAT + 1  # a broker that is silent for longer is lost by its heartbeat first
# The last one, for a channel that closes just now, is none of aiormq's errors of AMQP.
BROKEN = (TimeoutError, OSError, aiormq.exceptions.AMQPError, aiormq.exceptions.ChannelInvalidStateError)


class BusClient:
    """One connection that is made again whenever it breaks; calls in flight then end as Unavailable."""

    def __init__(self, amqp_url: str, *, name: str = "gateway", ca_file: Path | None = None) -> None:
        """*amqp_url* may be amqps://: then the certificate is checked against *ca_file* or the system's authorities."""
        self._url = URL(amqp_url).update_query({"heartbeat": str(HEARTBEAT), "name": name})
        if ca_file is not None:
            self._url = self._url.update_query({"cafile": str(ca_file)})
        self.changed_at = time.monotonic()  # when the connection was made or lost
        self._name = name
        self._user = URL(amqp_url).user or ""
        self._waiting: dict[str, asyncio.Future[bytes]] = {}
        self._deadlines = Deadlines()
        self._listeners: dict[str, tuple[type[EventData], EventCallback]] = {}
        self._on_disconnect: list[Callable[[], None]] = []
        self._ready = asyncio.Event()
        self._channel: AbstractChannel | None = None
        self._reply_key = self._reply_queue = ""
        self._keeper: asyncio.Task[None] | None = None

    def listen(self, data_class: type[EventData], callback: EventCallback) -> None:
        """Call *callback* with each event of this type from now on; call it before `start`.

        The queue is this process's own and dies with the connection: what happens meanwhile is missed,
        which is why `on_disconnect` exists.
        """
        self._listeners[data_class.type] = (data_class, callback)

    def on_disconnect(self, callback: Callable[[], None]) -> None:
        """Call *callback* whenever the connection is lost."""
        self._on_disconnect.append(callback)

    @property
    def connected(self) -> bool:
        """Whether a call would leave now."""
        return self._ready.is_set()

    async def start(self) -> None:
        """Begin to connect; does not wait for it."""
        self._keeper = asyncio.create_task(self._keep_connected())

    async def close(self) -> None:
        """End the connection and everything in flight."""
        if self._keeper is not None:
            self._keeper.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._keeper
        self._lose()

    async def call(self, method: Method[RequestT, AnswerT], request: RequestT) -> AnswerT:
        """The answer of *method*. Raises its refusals, Unavailable, Incident.

        The deadline travels with the request: an abandoned call is not executed later.
        """
        began, outcome = time.perf_counter(), "ok"
        try:
            with tracing.span(method.routing_key, kind="client", rpc_system="nameko"):
                return await self._call(method, request)
        except Refusal as exc:
            outcome = exc.code
            raise
        except (Unavailable, Incident) as exc:
            outcome = type(exc).__name__.lower()
            raise
        finally:
            metrics.CALLS_MADE.labels(method.routing_key, outcome).observe(time.perf_counter() - began)

    async def _call(self, method: Method[RequestT, AnswerT], request: RequestT) -> AnswerT:
        until = self._deadlines.now() + method.seconds
        try:
            async with asyncio.timeout(method.seconds):
                await self._ready.wait()
                reply = await self._exchange(method, request, until)
                if came_too_late(reply):  # and we still wait: we had its clock wrong, and have learned better
                    log.warning("clock_of_service_differs", service=method.service)
                    reply = await self._exchange(method, request, until)
        except (*BROKEN, asyncio.CancelledError) as exc:
            if isinstance(exc, asyncio.CancelledError) and self._was_cancelled():
                raise
            log.warning("call_unanswered", method=method.routing_key, reason=type(exc).__name__)
            raise Unavailable(method.routing_key) from exc
        return _read_reply(method, reply)

    @staticmethod
    def _was_cancelled() -> bool:
        task = asyncio.current_task()
        return task is not None and task.cancelling() > 0

    async def _exchange(self, method: Method[Any, Any], request: Request, until: float) -> dict[str, Any]:
        if self._channel is None:
            raise Unavailable(method.routing_key)
        correlation_id = uuid4().hex
        future = self._waiting[correlation_id] = asyncio.get_running_loop().create_future()
        sent = self._deadlines.now()
        properties = aiormq.spec.Basic.Properties(
            content_type="application/json",
            content_encoding="utf-8",
            delivery_mode=1,
            reply_to=self._reply_key,
            correlation_id=correlation_id,
            user_id=self._user,
            expiration=str(max(1, int((until - sent) * 1000))),
            headers={"deadline": self._deadlines.header(method.service, until), "traceparent": tracing.current()},
        )
        try:
            # Without what is not set: a service of the release before refuses members that it does not know.
            body = orjson.dumps({"args": [request.model_dump(mode="json", exclude_none=True)], "kwargs": {}})
            await self._channel.basic_publish(
                body, exchange=RPC_EXCHANGE, routing_key=method.routing_key, properties=properties
            )
            reply: dict[str, Any] = orjson.loads(await future)
            self._deadlines.learn(method.service, reply.get("time"), sent=sent)
            return reply
        finally:
            self._waiting.pop(correlation_id, None)

    async def _keep_connected(self) -> None:
        pause = FIRST_PAUSE
        while True:
            try:
                connection = await asyncio.wait_for(aiormq.connect(self._url), 5)
                try:
                    channel = await asyncio.wait_for(self._prepare(connection), 10)
                    pause = FIRST_PAUSE
                    log.info("broker_connected")
                    await self._stay(connection, channel)
                finally:
                    self._lose()
                    with contextlib.suppress(Exception):
                        await asyncio.wait_for(connection.close(), 2)
            except BROKEN as exc:
                log.warning("broker_unreachable", reason=type(exc).__name__, retry_in=pause)
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)

    async def _stay(self, connection: AbstractConnection, channel: AbstractChannel) -> None:
        """Until the connection ends, or the channel: the broker closes one alone for a call without right.

        If the exchange was deleted and made again, our replies lead nowhere until the queue is bound again.
        """
        ends: set[Any] = {connection.closing, channel.closing}
        while not (await asyncio.wait(ends, timeout=MEND_SECONDS, return_when=asyncio.FIRST_COMPLETED))[0]:
            async with asyncio.timeout(UNANSWERED_SECONDS):
                await channel.queue_bind(self._reply_queue, RPC_EXCHANGE, self._reply_key)

    async def _prepare(self, connection: AbstractConnection) -> AbstractChannel:
        channel = await connection.channel(publisher_confirms=False)
        self._reply_key = str(uuid4())
        self._reply_queue = f"rpc.reply-{self._name}-{self._reply_key}"
        await channel.queue_declare(self._reply_queue, exclusive=True, auto_delete=True)
        await channel.queue_bind(self._reply_queue, RPC_EXCHANGE, self._reply_key)
        await channel.basic_consume(self._reply_queue, self._on_reply, no_ack=True)
        await self._listen_on(channel)
        channel.closing.add_done_callback(lambda _: self._lose())
        self._channel = channel
        self.changed_at = time.monotonic()
        self._ready.set()
        return channel

    async def _listen_on(self, channel: AbstractChannel) -> None:
        if not self._listeners:
            return
        queue = f"{self._name}.events.{uuid4()}"
        await channel.queue_declare(queue, exclusive=True, auto_delete=True)
        for data_class, _ in self._listeners.values():
            await channel.queue_bind(queue, data_class.exchange, data_class.type)
        await channel.basic_consume(queue, self._on_event, no_ack=True)

    async def _on_reply(self, message: DeliveredMessage) -> None:
        future = self._waiting.get(message.header.properties.correlation_id or "")
        if future is not None and not future.done():
            future.set_result(message.body)

    async def _on_event(self, message: DeliveredMessage) -> None:
        data_class, callback = self._listeners[getattr(message.delivery, "routing_key", "")]
        try:
            callback(read_event(message.body, data_class))
        except InvalidMessage as exc:
            log.warning("event_passed_over", type=data_class.type, reason=exc.reason)

    def _lose(self) -> None:
        if not self._ready.is_set():
            return
        self._ready.clear()
        self.changed_at = time.monotonic()
        self._channel = None
        for future in self._waiting.values():
            if not future.done():
                future.set_exception(ConnectionResetError("bus connection lost"))
        for callback in self._on_disconnect:
            callback()


def _read_reply(method: Method[Any, AnswerT], document: dict[str, Any]) -> AnswerT:
    error = document.get("error")
    if error:
        raise _raised_there(error)
    try:
        return method.answer.model_validate(document["result"])
    except ValidationError as exc:
        log.error("answer_not_understood", method=method.routing_key, fields=[e["loc"] for e in exc.errors()])  # noqa: TRY400 - the values must not be logged
        raise Incident from exc


def _raised_there(error: dict[str, Any]) -> Refusal | Incident | Unavailable:
    refusal = REFUSALS.get(error.get("exc_type", ""))
    arguments = [str(argument) for argument in error.get("exc_args", ())]
    if refusal is not None:
        return refusal(*arguments[:2])
    if error.get("exc_type") == "Unavailable":
        return Unavailable(*arguments[:1])
    if error.get("exc_type") == "Incident":
        return Incident(*arguments[:1])
    log.error("unexpected_remote_error", kind=error.get("exc_type"))
    return Incident()
