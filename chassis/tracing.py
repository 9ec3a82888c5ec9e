"""One trace from a click to the mail it causes: W3C Trace Context across HTTP, calls, the outbox, events and mails.

The trace's id is carried and logged always. Spans are recorded and sent by OpenTelemetry (OTLP by HTTP) only where
a collector's address is set: without it nothing of the SDK is even imported. What is current lies in a context
variable of our own, not in OpenTelemetry's: it follows an asyncio task, and a green thread begins without one.
"""

import re
import secrets
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

TRACEPARENT = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}")
NOTHING = ("0" * 32, "0" * 16)  # ids that the standard forbids
FLUSH_SECONDS = 3.0
EXPORT_SECONDS = 5.0

_current: ContextVar[str | None] = ContextVar("traceparent", default=None)


class Recorder:
    """Sends finished spans to a collector, in batches, beside the work; what it cannot send in time is dropped."""

    def __init__(self, *, process: str, endpoint: str, share: float, ca_file: Path | None = None) -> None:
        from opentelemetry import trace  # here: most processes run without
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import SERVICE_NAME, Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
        from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        self._api = trace
        self._propagator = TraceContextTextMapPropagator()
        self._provider = TracerProvider(
            resource=Resource.create({SERVICE_NAME: process}),
            sampler=ParentBased(TraceIdRatioBased(share)),
            shutdown_on_exit=False,  # it would wait for a collector that is away, without bound
        )
        exporter = OTLPSpanExporter(
            f"{endpoint.rstrip('/')}/v1/traces",
            certificate_file=str(ca_file) if ca_file else None,
            timeout=EXPORT_SECONDS,
        )
        self._provider.add_span_processor(BatchSpanProcessor(exporter, schedule_delay_millis=1000))
        self._tracer = self._provider.get_tracer("espace-employeur")

    def start(self, name: str, *, kind: str, parent: str | None, linked: Sequence[str], facts: dict[str, Any]) -> Any:
        """A running span below *parent*, or the first of a new trace."""
        contexts = [self._api.get_current_span(self._context(one)).get_span_context() for one in linked]
        return self._tracer.start_span(
            name,
            context=self._context(parent),
            kind=self._api.SpanKind[kind.upper()],
            links=[self._api.Link(context) for context in contexts],
            attributes=facts,
        )

    def traceparent_of(self, span: Any) -> str:
        """How *span* is named to others."""
        context = span.get_span_context()
        return f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"

    def fail(self, span: Any, error: BaseException) -> None:
        """The work of *span* ended with *error*; its text is not told, since it may quote what was written."""
        span.set_status(self._api.StatusCode.ERROR, type(error).__name__)

    def flush(self) -> None:
        """Send what is finished, within a bound: the SDK keeps to none when a collector does not answer."""
        sending = threading.Thread(target=self._provider.force_flush, daemon=True)
        sending.start()
        sending.join(FLUSH_SECONDS)

    def _context(self, traceparent: str | None) -> Any:
        return self._propagator.extract({"traceparent": traceparent} if traceparent else {})


_recorder: Recorder | None = None


def configure(*, process: str, endpoint: str, share: float = 1.0, ca_file: Path | None = None) -> None:
    """Send spans of *process* to the collector at *endpoint* (`http://host:4318`); nothing is sent when it is empty."""
    global _recorder  # noqa: PLW0603 - one recorder a process, as its logs have one configuration
    _recorder = Recorder(process=process, endpoint=endpoint, share=share, ca_file=ca_file) if endpoint else None


def flush() -> None:
    """Send what is finished before the process ends."""
    if _recorder is not None:
        _recorder.flush()


def current() -> str | None:
    """The traceparent to hand on (W3C Trace Context, section 3.2), or None outside of any trace."""
    return _current.get()


def trace_id() -> str | None:
    """The id of the current trace, 32 hexadecimal digits."""
    traceparent = _current.get()
    return None if traceparent is None else traceparent[3:35]


def readable(traceparent: Any) -> str | None:
    """*traceparent* as it came from elsewhere, or None when it is not one."""
    found = TRACEPARENT.fullmatch(traceparent) if isinstance(traceparent, str) else None
    return None if found is None or found[1] == NOTHING[0] or found[2] == NOTHING[1] else found[0]


class Span:
    """The work under way, as far as its name and its facts are learnt only later."""

    def __init__(self, recorded: Any = None) -> None:
        self._recorded = recorded

    def rename(self, name: str) -> None:
        """What it turned out to be."""
        if self._recorded is not None:
            self._recorded.update_name(name)

    def note(self, **facts: Any) -> None:
        """Further facts; an underscore in a name stands for a dot. Never personal data."""
        if self._recorded is not None:
            self._recorded.set_attributes(_dotted(facts))

    def failed(self, error: BaseException) -> None:
        """The work ended with *error* without raising it."""
        if self._recorded is not None and _recorder is not None:
            _recorder.fail(self._recorded, error)


@contextmanager
def span(
    name: str, *, kind: str = "internal", parent: str | None = None, linked: Sequence[str] = (), **facts: Any
) -> Iterator[Span]:
    """Work with a name. Its trace is that of *parent*, else the current one, else a new one.

    *kind* is OpenTelemetry's (server, client, producer, consumer, internal); *linked* are traces that it works for
    without belonging to them. *facts* are no personal data; an underscore in their names stands for a dot.
    """
    above = readable(parent) or _current.get()
    if _recorder is None:
        token = _current.set(above or f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-01")
        try:
            yield Span()
        finally:
            _current.reset(token)
        return
    recorded = _recorder.start(name, kind=kind, parent=above, linked=linked, facts=_dotted(facts))
    token = _current.set(_recorder.traceparent_of(recorded))
    try:
        yield Span(recorded)
    except BaseException as exc:
        _recorder.fail(recorded, exc)
        raise
    finally:
        _current.reset(token)
        recorded.end()


def _dotted(facts: dict[str, Any]) -> dict[str, Any]:
    return {name.replace("_", "."): value for name, value in facts.items() if value is not None}
