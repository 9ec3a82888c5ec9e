"""JSON logs on standard output: a constant event name and fields, one object a line."""

import contextlib
import json
import logging
import sys
from typing import Any, BinaryIO, cast

import orjson
import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from chassis import tracing

WITHOUT_LOCALS = structlog.tracebacks.ExceptionDictTransformer(show_locals=False)  # locals hold secrets
QUIET = ("nameko", "kombu", "amqp", "botocore", "urllib3", "alembic", "aiormq", "uvicorn", "asyncio")


def _name_foreign(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """A library's text goes to `detail`, so that `event` stays a constant."""
    if event.get("_from_structlog") is False:
        event["detail"] = event["event"]
        event["event"] = "library_message"
    return event


def _add_trace(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """The trace that the line belongs to, across processes."""
    if (trace := tracing.trace_id()) is not None:
        event.setdefault("trace_id", trace)
    return event


def _line(event: EventDict, **options: Any) -> bytes:
    """One line of JSON. orjson refuses halves of surrogate pairs and numbers beyond 64 bits; a log refuses nothing."""
    try:
        return orjson.dumps(event, **options)
    except TypeError:
        return json.dumps(event, **options).encode()


def _as_text(_logger: WrappedLogger, _method: str, line: Any) -> str:
    return cast(bytes, line).decode()


class Output:
    """Standard output; a full disk, or a reader that has gone, costs lines and never the work that wrote them."""

    def write(self, line: bytes) -> None:
        """As a file does."""
        with contextlib.suppress(OSError):
            sys.stdout.buffer.write(line)

    def flush(self) -> None:
        """As a file does."""
        with contextlib.suppress(OSError):
            sys.stdout.buffer.flush()


def configure(level: str = "INFO", *, process: str = "") -> None:
    """Send our logs and the libraries' as JSON lines to standard output.

    Ours go there straight: `logging`, its records and formatters, would be half of what a line costs.
    """

    def add_process(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        # No context variable: each green thread begins with none.
        return {**event, "process": process} if process else event

    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        add_process,
        _add_trace,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    write: list[Processor] = [
        structlog.processors.ExceptionRenderer(WITHOUT_LOCALS),
        structlog.processors.JSONRenderer(_line),
    ]
    structlog.configure(
        processors=[*shared, *write],
        logger_factory=structlog.BytesLoggerFactory(cast(BinaryIO, Output())),
        wrapper_class=structlog.make_filtering_bound_logger(level),
        cache_logger_on_first_use=True,
    )
    _send_libraries(level, shared, write)


def _send_libraries(level: str, shared: list[Processor], write: list[Processor]) -> None:
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.add_logger_name],
            processors=[
                _name_foreign,
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *write,
                _as_text,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.getLogger("nameko.containers").setLevel(logging.CRITICAL)  # the bus reports what a worker raised
