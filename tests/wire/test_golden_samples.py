"""What was once promised is still read: the golden samples of today and of every released version."""

import json
from pathlib import Path
from typing import Any

import pytest
from espace_contracts import samples
from espace_contracts.envelope import InvalidMessage, read_event
from espace_contracts.registry import EVENTS, METHODS
from pydantic import BaseModel

from ops.contracts.gate import RELEASED

VERSIONS = sorted(path.name for path in RELEASED.iterdir())


def released(version: str, kind: str) -> list[Path]:
    return sorted((RELEASED / version / "samples" / kind).glob("*.json"))


def through(model: type[BaseModel], document: dict[str, Any]) -> dict[str, Any]:
    """*document* read by today's code and written again."""
    return model.model_validate(document).model_dump(mode="json", exclude_unset=True)


def test_every_event_and_every_method_has_a_sample() -> None:
    assert samples.event_types() == sorted(EVENTS)
    assert samples.method_keys() == sorted(METHODS)


@pytest.mark.parametrize("event_type", samples.event_types())
def test_event_sample_is_read_and_written_without_a_difference(event_type: str) -> None:
    sample = samples.event_sample(event_type)
    event = read_event(json.dumps(sample).encode(), EVENTS[event_type])
    assert event.data.model_dump(mode="json", exclude_none=True) == sample["data"]


@pytest.mark.parametrize("event_type", samples.event_types())
def test_event_sample_shows_every_member(event_type: str) -> None:
    assert set(samples.event_sample(event_type)["data"]) == set(EVENTS[event_type].model_fields)


@pytest.mark.parametrize("key", samples.method_keys())
def test_method_sample_is_read_and_written_without_a_difference(key: str) -> None:
    method = METHODS[key]
    assert through(method.request, samples.request_sample(key)) == samples.request_sample(key)
    assert through(method.answer, samples.answer_sample(key)) == samples.answer_sample(key)


def test_strangers_have_no_sample() -> None:
    with pytest.raises(KeyError):
        samples.event_sample("../methods/payments.list_payments")


def test_there_is_a_released_version() -> None:
    assert VERSIONS


@pytest.mark.parametrize("version", VERSIONS)
def test_events_of_a_released_version_are_consumed_by_todays_code(version: str) -> None:
    assert released(version, "events")
    for path in released(version, "events"):
        sample = json.loads(path.read_text(encoding="utf-8"))
        data = read_event(path.read_bytes(), EVENTS[path.stem]).data.model_dump(mode="json", exclude_none=True)
        assert {name: data[name] for name in sample["data"]} == sample["data"], path.stem


@pytest.mark.parametrize("version", VERSIONS)
def test_calls_of_a_released_version_are_understood_by_todays_code(version: str) -> None:
    assert released(version, "methods")
    for path in released(version, "methods"):
        sample = json.loads(path.read_text(encoding="utf-8"))
        method = METHODS[path.stem]
        method.request.model_validate(sample["request"])
        method.answer.model_validate(sample["answer"])


def test_newer_version_of_our_event_with_unknown_members_is_read() -> None:
    sample = samples.event_sample("PaymentRecorded.v1")
    sample["data"]["colour"] = "blue"
    sample["newextension"] = "x"
    event = read_event(json.dumps(sample).encode(), EVENTS["PaymentRecorded.v1"])
    assert event.data.payment_number == "806112"
    assert "colour" not in event.data.model_dump()


def test_next_type_is_not_taken_for_this_one() -> None:
    sample = samples.event_sample("PaymentIssued.v1") | {"type": "PaymentIssued.v2"}
    with pytest.raises(InvalidMessage, match="wrong_type"):
        read_event(json.dumps(sample).encode(), EVENTS["PaymentIssued.v1"])


def test_unknown_member_of_the_funder_is_refused_by_name() -> None:
    sample = samples.event_sample("PaymentIssued.v1")
    sample["data"]["amuont"] = "1.00"
    with pytest.raises(InvalidMessage) as refused:
        read_event(json.dumps(sample).encode(), EVENTS["PaymentIssued.v1"])
    assert refused.value.fields == ("data.amuont",)
