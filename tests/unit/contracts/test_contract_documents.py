"""docs/asyncapi.yaml and docs/events.md: valid, current, complete."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from click.testing import CliRunner
from espace_contracts.registry import EVENTS, METHODS

from ops.cli import main
from ops.contracts import documents
from ops.contracts.asyncapi import SCHEMAS, document

# The schema that AsyncAPI publishes for its version 3.0.0 (npm @asyncapi/specs 6.11.1, Apache License 2.0), unchanged.
PUBLISHED = Path(__file__).with_name("asyncapi-3.0.0.schema.json")


@pytest.fixture(scope="module")
def committed() -> dict[str, Any]:
    return yaml.safe_load((documents.DOCS / "asyncapi.yaml").read_text(encoding="utf-8"))


def faults(subject: dict[str, Any]) -> list[str]:
    published = jsonschema.Draft7Validator(json.loads(PUBLISHED.read_text(encoding="utf-8")))
    return [error.message for error in published.iter_errors(subject)]


def test_asyncapi_document_is_valid_by_the_published_schema(committed: dict[str, Any]) -> None:
    assert faults(committed) == []


def test_published_schema_refuses_what_is_no_asyncapi(committed: dict[str, Any]) -> None:
    operation = dict(committed["operations"]["payments.list_payments"], action="ask")
    assert faults(committed | {"operations": {"payments.list_payments": operation}}) != []
    assert faults({name: value for name, value in committed.items() if name != "info"}) != []


def test_documents_are_current() -> None:
    assert documents.stale() == [], "run: espace contracts write"


def test_stale_and_missing_documents_are_told(tmp_path: Path) -> None:
    documents.write(tmp_path)
    assert documents.stale(tmp_path) == []
    (tmp_path / "asyncapi.yaml").write_text("asyncapi: 3.0.0\n")
    (tmp_path / "events.md").unlink()
    assert documents.stale(tmp_path) == [tmp_path / "asyncapi.yaml", tmp_path / "events.md"]


def test_check_ends_with_one_when_stale(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents.stale, "__defaults__", (tmp_path,))
    result = CliRunner().invoke(main, ["contracts", "check"])
    assert result.exit_code == 1
    assert "espace contracts write" in result.output


def references(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        for keyword, value in part.items():
            if keyword == "$ref":
                yield value
            else:
                yield from references(value)
    elif isinstance(part, list):
        for value in part:
            yield from references(value)


def target(whole: dict[str, Any], reference: str) -> Any:
    """What the reference names; a key may hold dots, never a slash."""
    found: Any = whole
    for part in reference.removeprefix("#/").split("/"):
        found = found[part]
    return found


def test_every_reference_leads_somewhere(committed: dict[str, Any]) -> None:
    found = list(references(committed))
    assert len(found) > len(EVENTS) + len(METHODS)
    for reference in found:
        target(committed, reference)


def test_document_holds_every_event_and_every_method(committed: dict[str, Any]) -> None:
    wanted = {*EVENTS, *(f"{key}.{end}" for key in METHODS for end in ("request", "answer"))}
    assert set(committed["components"]["messages"]) == wanted
    for key, method in METHODS.items():
        operation = committed["operations"][key]
        assert operation["x-callers"] == sorted(method.callers)
        assert {refusal.code for refusal in method.refusals} <= set(operation["x-refusals"])


def test_examples_fit_their_own_payload_schemas() -> None:
    whole = document()
    for name, message in whole["components"]["messages"].items():
        schema = {"components": whole["components"]} | message["payload"]
        for example in message["examples"]:
            found = jsonschema.Draft202012Validator(schema).iter_errors(example["payload"])
            assert [error.message for error in found] == [], name


def test_example_with_a_wrong_member_does_not_fit() -> None:
    whole = document()
    message = whole["components"]["messages"]["PaymentIssued.v1"]
    payload = message["examples"][0]["payload"]
    payload["data"]["amount"] = 12
    schema = {"components": whole["components"]} | message["payload"]
    assert not jsonschema.Draft202012Validator(schema).is_valid(payload)
    assert SCHEMAS.startswith("#/components/")


def test_page_shows_every_event_and_call_with_its_sample() -> None:
    page = (documents.DOCS / "events.md").read_text(encoding="utf-8")
    titles = set(re.findall(r"^### (\S+)$", page, re.MULTILINE))
    assert titles == {*EVENTS, *METHODS}
    samples = [json.loads(block) for block in re.findall(r"```json\n(.*?)\n```", page, re.DOTALL)]
    assert len(samples) == len(EVENTS) + len(METHODS)
