"""The compatibility gate refuses what breaks a reader or a caller, and lets optional members in."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from espace_contracts import funder
from espace_contracts.types import Day
from pydantic import Field

from ops.cli import main
from ops.contracts import gate, schemas
from ops.contracts.gate import compare


@pytest.fixture
def messages() -> dict[str, dict[str, Any]]:
    return copy.deepcopy(gate.current())


def changed(schema: dict[str, Any], **members: Any) -> dict[str, Any]:
    return copy.deepcopy(schema) | members


@pytest.mark.parametrize(
    "name", ["PaymentRecorded.v1", "payments.list_payments.request", "payments.list_payments.answer"]
)
def test_unchanged_message_passes(messages: dict[str, Any], name: str) -> None:
    assert compare(name, messages[name], messages[name]) == []


@pytest.mark.parametrize(
    "name", ["PaymentRecorded.v1", "PaymentIssued.v1", "payments.get_export.request", "payments.get_export.answer"]
)
def test_removed_retyped_and_newly_required_members_are_refused(messages: dict[str, Any], name: str) -> None:
    before = messages[name]
    first = next(iter(before["properties"]))
    removed = changed(before, properties={k: v for k, v in before["properties"].items() if k != first})
    retyped = changed(before, properties=before["properties"] | {first: {"type": "boolean"}})
    required = changed(before, required=[*before["required"], "new"], properties=before["properties"] | {"new": {}})
    assert f"{name}.{first} was removed" in compare(name, before, removed)
    assert any(first in line and "has another" in line for line in compare(name, before, retyped))
    assert compare(name, before, required) == [f"{name}.new is required from now on"]


@pytest.mark.parametrize(
    "name", ["PaymentRecorded.v1", "PaymentIssued.v1", "payments.get_export.request", "payments.get_export.answer"]
)
def test_new_optional_member_passes(messages: dict[str, Any], name: str) -> None:
    before = messages[name]
    after = changed(before, properties=before["properties"] | {"colour": {"type": "string", "default": "blue"}})
    assert compare(name, before, after) == []


def test_change_deep_inside_a_shared_part_is_refused(messages: dict[str, Any]) -> None:
    before = messages["PaymentRecorded.v1"]
    after = copy.deepcopy(before)
    del after["$defs"]["Person"]["properties"]["first_name"]
    after["$defs"]["Period"]["properties"]["start"]["format"] = "date-time"
    assert compare("m", before, after) == [
        "m.beneficiary.first_name was removed",
        'm.periods[].start has another format: "date", now "date-time"',
    ]


def test_what_we_read_may_accept_more_and_what_we_write_may_not_say_more(messages: dict[str, Any]) -> None:
    request, answer = messages["payments.export_payments.request"], messages["payments.export_payments.answer"]
    wider = copy.deepcopy(request)
    wider["properties"]["format"]["enum"].append("ods")
    wider["required"].remove("legal_name")
    assert compare("m", request, wider) == []
    assert compare("m", wider, request) != [], "narrower than before"
    louder = copy.deepcopy(answer)
    louder["properties"]["state"]["enum"].append("cancelled")
    louder["required"].remove("done")
    assert [line.split(" has ")[0].split(" is ")[0] for line in compare("m", answer, louder)] == ["m.done", "m.state"]


def test_lost_caller_and_newly_asked_identity_are_refused(messages: dict[str, Any]) -> None:
    before = messages["documents.list_categories.request"]
    after = changed(before, **{"x-callers": ["gateway"], "x-identified": True})
    found = compare("m", before, after)
    assert "m is closed to funder" in found
    assert "m asks for user_id from now on" in found


def test_removed_message_is_refused(messages: dict[str, Any]) -> None:
    assert compare("m", messages["PaymentRecorded.v1"], None) == ["m was removed"]


def test_todays_contracts_keep_every_released_promise() -> None:
    assert gate.breaks() == []


class PaymentCancelled(funder.FunderEvent):
    """The contract of the same name, broken on purpose: `reason` is away, `version` a string, `by` required."""

    type = "PaymentCancelled.v1"

    payment_number: str = Field(min_length=1, max_length=40)
    version: str
    siret: str
    cancelled_on: Day
    by: str


def test_deliberate_break_of_a_contract_is_refused_by_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    events = gate.EVENTS | {PaymentCancelled.type: PaymentCancelled}
    monkeypatch.setattr(schemas, "EVENTS", events)
    monkeypatch.setattr(gate, "EVENTS", events)
    schemas.schemas.cache_clear()
    result = CliRunner().invoke(main, ["contracts", "gate"])
    schemas.schemas.cache_clear()
    assert result.exit_code == 1
    for line in ("v1.reason was removed", "v1.by is required", "v1.version has another type"):
        assert f"PaymentCancelled.{line}" in result.output
    assert "PaymentIssued" not in result.output


def test_released_version_is_never_written_again(tmp_path: Path) -> None:
    target = gate.release("9.9.9", folder=tmp_path)
    assert json.loads((target / "PaymentIssued.v1.json").read_text())["title"] == "PaymentIssued"
    assert gate.breaks(folder=tmp_path) == []
    with pytest.raises(gate.AlreadyReleased):
        gate.release("9.9.9", folder=tmp_path)
