"""For all tests: logs as plain lines. structlog's default draws tracebacks with rich, seconds for each of them."""

import structlog

structlog.configure(
    processors=[
        structlog.stdlib.add_log_level,
        structlog.processors.format_exc_info,
        structlog.processors.KeyValueRenderer(key_order=["event"]),
    ]
)
