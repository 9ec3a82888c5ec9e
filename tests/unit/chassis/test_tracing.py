"""The trace's context: what is handed on, with and without a recorder."""

import socket
import subprocess
import sys

import pytest

from chassis import tracing

SENT = f"00-{'ab' * 16}-{'cd' * 8}-01"


def test_a_trace_is_taken_over_and_gone_afterwards() -> None:
    with tracing.span("outer", parent=SENT):
        assert tracing.current() == SENT
        with tracing.span("inner"):
            assert tracing.trace_id() == "ab" * 16
    assert tracing.current() is None


def test_without_one_each_begins_a_trace_of_its_own() -> None:
    with tracing.span("one"):
        first = tracing.current()
    with tracing.span("two"):
        second = tracing.current()
    assert first
    assert second
    assert tracing.readable(first) == first
    assert first[3:35] != second[3:35]


@pytest.mark.parametrize(
    "sent",
    [
        None,
        7,
        "",
        "00-xyz",
        SENT.upper(),
        f"ff{SENT[2:]}",
        f"00-{'0' * 32}-{'cd' * 8}-01",
        f"00-{'ab' * 16}-{'0' * 16}-01",
    ],
)
def test_what_is_no_traceparent_is_not_carried_on(sent: object) -> None:
    assert tracing.readable(sent) is None


def test_off_means_that_nothing_of_the_sdk_is_loaded() -> None:
    program = (
        "import sys; from chassis import tracing; tracing.configure(process='x', endpoint='')\n"
        "with tracing.span('work'): pass\n"
        "sys.exit(any(name.startswith('opentelemetry') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_an_error_leaves_through_the_span_as_it_is() -> None:
    with pytest.raises(ZeroDivisionError), tracing.span("work"):
        raise ZeroDivisionError
    assert tracing.current() is None


def test_a_collector_that_never_answers_keeps_no_process_from_ending() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        program = (
            "from chassis import tracing\n"
            f"tracing.configure(process='x', endpoint='http://127.0.0.1:{silent.getsockname()[1]}')\n"
            "tracing.FLUSH_SECONDS = 0.2\n"
            "with tracing.span('work'): pass\n"
            "tracing.flush(); print('ended')"
        )
        told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert (told.stdout, told.returncode) == ("ended\n", 0)
