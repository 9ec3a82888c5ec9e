"""A pytest plugin for whoever listens to the bus: golden samples as fixtures, the contracts' own check of a message.

It is found by its entry point as soon as `espace-contracts` is installed; it needs pytest and nothing else.
"""

from collections.abc import Callable
from typing import Any

import pytest
from pydantic import ValidationError

from espace_contracts import samples
from espace_contracts.envelope import InvalidMessage, faulty_fields, read_event
from espace_contracts.registry import EVENTS, METHODS

Sample = Callable[[str], dict[str, Any]]


@pytest.fixture
def espace_event() -> Sample:
    """`espace_event("PaymentRecorded.v1")`: a whole CloudEvent as it comes from the bus; a fresh copy each time."""
    return samples.event_sample


@pytest.fixture
def espace_request() -> Sample:
    """`espace_request("payments.record_payments")`: the JSON object that a method takes; a fresh copy each time."""
    return samples.request_sample


@pytest.fixture
def espace_answer() -> Sample:
    """`espace_answer("payments.record_payments")`: the JSON object that a method returns; a fresh copy each time."""
    return samples.answer_sample


@pytest.fixture
def assert_espace_event() -> Callable[[bytes], None]:
    """`assert_espace_event(body)`: fails the test unless the portal would accept these bytes as an event."""

    def check(body: bytes) -> None:
        fault = event_fault(body)
        assert fault is None, f"the portal would bury this event: {fault}"  # noqa: S101 - an assertion is its purpose

    return check


@pytest.fixture
def assert_espace_request() -> Callable[[str, dict[str, Any]], None]:
    """`assert_espace_request("service.method", request)`: fails the test unless the method takes this object."""

    def check(routing_key: str, request: dict[str, Any]) -> None:
        try:
            METHODS[routing_key].request.model_validate(request)
        except ValidationError as exc:
            pytest.fail(f"{routing_key} would refuse this request: {', '.join(faulty_fields(exc))}")

    return check


def event_fault(body: bytes) -> str | None:
    """Why the portal would refuse the event in *body*; None when it would not."""
    for data_class in EVENTS.values():
        try:
            read_event(body, data_class)
        except InvalidMessage as exc:
            if exc.reason != "wrong_type":
                return str(exc)
        else:
            return None
    return "unknown type"
