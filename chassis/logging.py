"""JSON logs on standard output: a constant event name and fields, one object a line."""

import logging
import sys

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


def configure(level: str = "INFO", *, process: str = "") -> None:
    """Send our logs and the libraries' as JSON lines to standard output."""

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
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.add_logger_name],
            processors=[
                _name_foreign,
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.ExceptionRenderer(WITHOUT_LOCALS),
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.getLogger("nameko.containers").setLevel(logging.CRITICAL)  # the bus reports what a worker raised
