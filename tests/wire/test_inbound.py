"""What another team may send: every inbound shape is taken as it is; what is faulty is refused by a typed reason."""

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from espace_contracts.envelope import InvalidMessage, canonical_sha256, read_event
from espace_contracts.registry import EVENTS, INBOUND_EVENTS

SHAPES = [json.loads(line) for line in (Path(__file__).parent / "inbound.jsonl").read_text("utf-8").splitlines()]
PAYMENT = next(shape for shape in SHAPES if shape["type"] == "PaymentIssued.v1")


def read(document: Any) -> Any:
    body = document if isinstance(document, bytes) else json.dumps(document, ensure_ascii=False).encode()
    return read_event(body, EVENTS["PaymentIssued.v1"])


def changed(**members: Any) -> dict[str, Any]:
    """The payment with other members of its envelope; None takes one away."""
    return {name: value for name, value in (PAYMENT | members).items() if value is not None}


def with_data(**members: Any) -> dict[str, Any]:
    document = deepcopy(PAYMENT)
    document["data"] |= members
    return document


def test_every_inbound_type_has_a_shape() -> None:
    assert {shape["type"] for shape in SHAPES} == {event.type for event in INBOUND_EVENTS}


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: f"{shape['type']}-{shape['id']}")
def test_inbound_shape_is_taken_whole(shape: dict[str, Any]) -> None:
    event = read_event(json.dumps(shape, ensure_ascii=False).encode(), EVENTS[shape["type"]])
    assert event.data.model_dump(mode="json", exclude_unset=True) == shape["data"]
    assert (event.id, event.data_sha256) == (shape["id"], canonical_sha256(shape["data"]))


@pytest.mark.parametrize(
    ("document", "reason", "field"),
    [
        (changed(type="PaymentIssued.v2"), "wrong_type", "type"),
        (changed(specversion="2.0"), "invalid", "specversion"),
        (changed(id=None), "invalid", "id"),
        (changed(source=""), "invalid", "source"),
        (changed(time="yesterday"), "invalid", "time"),
        (changed(time="2024-04-11T09:00:00"), "invalid", "time"),
        (changed(data=None), "invalid", "data"),
        (with_data(colour="blue"), "invalid", "data.colour"),
        (with_data(version=0), "invalid", "data.version"),
        (with_data(version="2"), "invalid", "data.version"),
        (with_data(siret="73282932000075"), "invalid", "data.siret"),
        (with_data(amount=2764.94), "invalid", "data.amount"),
        (with_data(amount="2764.945"), "invalid", "data.amount"),
        (with_data(currency="USD"), "invalid", "data.currency"),
        (with_data(paid_on="2023-02-29"), "invalid", "data.paid_on"),
        (with_data(periods=[{"start": "2024-03-31", "end": "2024-03-01"}]), "invalid", "data.periods.0"),
        (with_data(training_title="A\u202eB"), "invalid", "data.training_title"),
        ([PAYMENT], "invalid", "(root)"),
        (with_data(**{"a\x00b": 1}), "invalid", "data.a?b"),
        (with_data(**{"long" * 100: 1}), "invalid", ("data." + "long" * 100)[:200]),
        (b"{not json", "bad_json", None),
        (b'{"type": "PaymentIssued.v1", "data": {"half a character": "\\ud800"}}', "bad_json", None),
        (b'{"type": "PaymentIssued.v1", "data": {"no number": NaN}}', "bad_json", None),
        (b"\xff\xfe", "bad_json", None),
        (b"[" * 200_000, "bad_json", None),
        (b" " * 1_000_001, "too_large", None),
    ],
)
def test_faulty_message_is_refused_by_reason_and_member(document: Any, reason: str, field: str | None) -> None:
    with pytest.raises(InvalidMessage) as refused:
        read(document)
    assert refused.value.reason == reason
    assert refused.value.fields[:1] == (() if field is None else (field,))


def test_no_more_than_fifty_faulty_members_are_told() -> None:
    with pytest.raises(InvalidMessage) as refused:
        read(with_data(**{f"unknown{number}": number for number in range(1_000)}))
    assert len(refused.value.fields) == 50


def test_members_of_the_envelope_that_nobody_knows_are_passed_over() -> None:
    assert read(changed(vendorextension="x", partitionkey="y")).data.payment_number == PAYMENT["data"]["payment_number"]


def test_the_same_data_in_another_order_is_the_same_and_other_data_is_not() -> None:
    turned = changed(data=dict(reversed(PAYMENT["data"].items())))
    assert read(turned).data_sha256 == read(PAYMENT).data_sha256
    assert read(with_data(amount="2764.95")).data_sha256 != read(PAYMENT).data_sha256
