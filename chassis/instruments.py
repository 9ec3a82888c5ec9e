"""Every call, event and page of a service is measured and belongs to a trace; the service's code has no word of it."""

import time
from datetime import UTC, datetime
from typing import Any

from espace_contracts.envelope import Event
from espace_contracts.errors import Refusal
from nameko.extensions import DependencyProvider, Entrypoint

from chassis import metrics, tracing
from chassis.bus.incidents import OUTAGES
from chassis.bus.rpc import TypedRpc
from chassis.bus.subscribe import Subscription
from chassis.inbox import AlreadyApplied

TRACE_KEY = "traceparent"  # among what a worker's context carries


def outcome_of(error: BaseException | None) -> str:
    """How a call ended, in few words: the code of a refusal, never its text."""
    if error is None:
        return "ok"
    if isinstance(error, Refusal):
        return error.code
    return "unavailable" if isinstance(error, OUTAGES) else "incident"


class Instruments(DependencyProvider):
    """Wraps each worker; it runs in the worker's own green thread, where the trace's context lies."""

    def setup(self) -> None:
        """Nothing is under way."""
        self._under_way: dict[Any, tuple[float, Any, tracing.Span]] = {}

    def get_dependency(self, worker_ctx: Any) -> None:
        """The service's methods have no business with it."""

    def worker_setup(self, worker_ctx: Any) -> None:
        """The worker begins."""
        entrypoint = worker_ctx.entrypoint
        if isinstance(entrypoint, TypedRpc | Subscription):
            opened = _span(entrypoint, worker_ctx)
            self._under_way[worker_ctx] = (time.perf_counter(), opened, opened.__enter__())

    def worker_result(self, worker_ctx: Any, result: Any = None, exc_info: Any = None) -> None:
        """It has ended, its reply or acknowledgement sent."""
        if worker_ctx not in self._under_way:
            return
        began, opened, span = self._under_way.pop(worker_ctx)
        error = exc_info[1] if exc_info else None
        seconds = time.perf_counter() - began
        if error is not None and not isinstance(error, AlreadyApplied):
            span.note(outcome=outcome_of(error))
            span.failed(error)
        if isinstance(worker_ctx.entrypoint, TypedRpc):
            method = worker_ctx.entrypoint.method.routing_key
            metrics.CALLS_ANSWERED.labels(method, outcome_of(error)).observe(seconds)
        else:
            _count_events(worker_ctx, seconds, error)
        opened.__exit__(None, None, None)


def _span(entrypoint: Entrypoint, worker_ctx: Any) -> Any:
    if isinstance(entrypoint, TypedRpc):
        parent = worker_ctx.data.get(TRACE_KEY)
        return tracing.span(entrypoint.method.routing_key, kind="server", parent=parent, rpc_system="nameko")
    traces = [trace for event in _events(worker_ctx) if (trace := tracing.readable(event.traceparent))]
    alone = len(_events(worker_ctx)) == 1
    return tracing.span(
        f"handle {entrypoint.queue.name}",
        kind="consumer",
        parent=traces[0] if alone and traces else None,
        linked=() if alone else traces,
        messaging_system="rabbitmq",
    )


def _events(worker_ctx: Any) -> list[Event[Any]]:
    handed = worker_ctx.args[0]
    return handed if isinstance(handed, list) else [handed]


def _count_events(worker_ctx: Any, seconds: float, error: BaseException | None) -> None:
    queue, events = worker_ctx.entrypoint.queue.name, _events(worker_ctx)
    metrics.EVENT_SECONDS.labels(queue).observe(seconds)
    if isinstance(error, AlreadyApplied):
        metrics.EVENTS.labels(queue, "repeated").inc()
    elif error is None:
        now = datetime.now(UTC)
        metrics.EVENTS.labels(queue, "handled").inc(len(events))
        for event in events:
            metrics.EVENT_AGE.labels(queue).observe(max((now - event.time).total_seconds(), 0.0))
