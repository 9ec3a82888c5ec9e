"""What the API's document says beside shapes: examples that fit, keys, sessions; and HEAD, 405, links of lists."""

import re
from typing import Any

import pytest
from fake_bus import FakeBus
from jsonschema import Draft202012Validator
from starlette.testclient import TestClient

from gateway.api import schema, words
from gateway.api.description import JSON, operations

DOCUMENT = schema()
OPERATIONS = list(operations(DOCUMENT))
IDS = [operation["operationId"] for _method, _path, operation in OPERATIONS]


def bodies(operation: dict[str, Any]) -> list[dict[str, Any]]:
    """The JSON bodies that it takes and gives, refusals apart."""
    holders = [operation.get("requestBody", {})]
    holders += [answer for status, answer in operation["responses"].items() if status.startswith("2")]
    return [holder["content"][JSON] for holder in holders if JSON in holder.get("content", {})]


@pytest.mark.parametrize(("method", "path", "operation"), OPERATIONS, ids=IDS)
def test_every_json_body_has_an_example_that_fits(method: str, path: str, operation: dict[str, Any]) -> None:
    for body in bodies(operation):
        validator = Draft202012Validator(body["schema"] | {"components": DOCUMENT["components"]})
        assert [fault.message for fault in validator.iter_errors(body["example"])] == []


@pytest.mark.parametrize(("method", "path", "operation"), OPERATIONS, ids=IDS)
def test_every_parameter_and_answer_is_explained_by_words_and_an_example(
    method: str, path: str, operation: dict[str, Any]
) -> None:
    components = {"components": DOCUMENT["components"]}
    for parameter in operation.get("parameters", ()):
        assert len(parameter["description"]) > 10
        validator = Draft202012Validator(parameter["schema"] | components)
        assert [fault.message for fault in validator.iter_errors(parameter["example"])] == []
    for status, answer in operation["responses"].items():
        assert answer["description"] not in ("Refused", "Successful Response")
        for body in answer.get("content", {}).values():
            assert status.startswith("2") or body["example"]["status"] == int(status)


def test_every_shape_and_member_is_explained_in_english_without_numbers_of_ours() -> None:
    shapes = DOCUMENT["components"]["schemas"].values()
    members = [member for shape in shapes for member in shape.get("properties", {}).values()]
    said = [operation["description"] for _method, _path, operation in OPERATIONS]
    said += [one["description"] for one in (*shapes, *members)]
    assert all(len(sentence) > 3 for sentence in said)
    assert [sentence for sentence in said if re.search(r"\b[SKR]\d+\b|[«»éèêàç]", sentence)] == []


def test_no_word_is_left_over() -> None:
    shapes = DOCUMENT["components"]["schemas"]
    assert words.ANSWERS.keys() <= set(IDS)
    assert shapes.keys() > words.SHAPES.keys()
    assert {name for shape in shapes.values() for name in shape.get("properties", {})} > words.MEMBERS.keys()
    named = {one["name"] for _method, _path, operation in OPERATIONS for one in operation.get("parameters", ())}
    assert named == words.PARAMETERS.keys()


@pytest.mark.parametrize(("method", "path", "operation"), OPERATIONS, ids=IDS)
def test_k17_every_operation_says_what_it_needs(method: str, path: str, operation: dict[str, Any]) -> None:
    needed = set(*operation.get("security", [{}]))
    wanted = {"session"} if method == "get" else {"session", "csrf"}
    assert needed == (set() if operation["operationId"] == "open_session" else wanted)


def test_r18_every_post_takes_an_idempotency_key_but_the_session() -> None:
    posts = {path: operation for method, path, operation in OPERATIONS if method == "post"}
    with_key = {
        path
        for path, operation in posts.items()
        if any(parameter["name"] == "Idempotency-Key" for parameter in operation.get("parameters", ()))
    }
    assert posts.keys() - with_key == {"/api/v1/session"}


def test_names_of_operations_are_unique_and_short() -> None:
    assert len(set(IDS)) == len(IDS)
    assert "list_payments" in IDS


@pytest.mark.parametrize("path", ["/api/v1/payments", "/reglements", "/api/v1/openapi.json", "/healthz"])
def test_head_is_answered_like_get_without_the_body(member: TestClient, path: str) -> None:
    whole, head = member.get(path), member.head(path)
    assert (head.status_code, head.content) == (whole.status_code, b"")
    assert head.headers["content-type"] == whole.headers["content-type"]
    assert len(whole.content) > 0


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/api/v1/payments", "GET, HEAD"),
        ("/api/v1/payments/803455/tick", "PUT, DELETE"),
        ("/api/v1/session", "GET, HEAD, POST, DELETE"),
        ("/api/v1/payments/ticks", "POST"),
    ],
)
def test_405_names_all_that_the_address_takes(member: TestClient, path: str, allowed: str) -> None:
    answer = member.options(path)
    assert (answer.status_code, answer.headers["allow"]) == (405, allowed)
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"] == "/problems/method_not_allowed"


def test_a_list_names_its_following_part(member: TestClient, bus: FakeBus) -> None:
    listed = bus.list_payments
    assert "link" not in member.get("/api/v1/payments").headers
    bus.list_payments = lambda request: listed(request).model_copy(update={"next_cursor": "a/b="})
    link = member.get("/api/v1/payments?text=18RCDI").headers["link"]
    assert link == '</api/v1/payments?text=18RCDI&cursor=a%2Fb%3D>; rel="next"'


@pytest.mark.parametrize(
    "body", ['{"payment_numbers": [803455]}', '{"search": {"ticked": 0}}', '{"search": {"paid_from": 0}}']
)
def test_json_is_taken_at_its_word(member: TestClient, bus: FakeBus, csrf: str, body: str) -> None:
    headers = {"X-CSRF-Token": csrf, "Content-Type": "application/json"}
    assert member.post("/api/v1/payments/ticks", content=body, headers=headers).status_code == 422
    assert not bus.ticks


def test_a_number_that_is_none_is_not_found(member: TestClient, csrf: str) -> None:
    headers = {"X-CSRF-Token": csrf}
    assert member.put("/api/v1/payments/%C2%93/tick", headers=headers).status_code == 404
    assert member.get("/api/v1/dossiers/%C2%93/documents").status_code == 404


@pytest.mark.parametrize(("method", "path", "_operation"), OPERATIONS, ids=IDS)
def test_every_operation_is_reached_through_its_section(
    client: TestClient, method: str, path: str, _operation: dict[str, Any]
) -> None:
    asked = re.sub(r"{[^}]+}", "00000000-0000-0000-0000-000000000001", path)
    assert client.request(method, asked).status_code in (401, 422)


def test_own_sessions_are_listed_and_ended(member: TestClient, bus: FakeBus, csrf: str) -> None:
    listed = member.get("/api/v1/sessions").json()["items"]
    assert [one["current"] for one in listed] == [True, False]
    ended = member.delete(f"/api/v1/sessions/{listed[1]['session_id']}", headers={"X-CSRF-Token": csrf})
    assert ended.status_code == 204
    assert member.get("/api/v1/account").json()["identifier"] == "paie.tilleuls"


def test_the_page_for_people_shows_every_operation_and_asks_nothing_of_a_script(client: TestClient) -> None:
    page = client.get("/api/v1/docs")
    assert page.headers["content-type"].startswith("text/html")
    for method, path, _operation in OPERATIONS:
        assert f"<code>{method.upper()} {path}</code>" in page.text
    assert "swagger" not in page.text.lower()


def test_trap_10_no_page_of_ours_or_of_fastapi_asks_another_host_for_its_parts(client: TestClient) -> None:
    assert [client.get(path).status_code for path in ("/docs", "/redoc", "/openapi.json")] == [404, 404, 404]
    parts = re.findall(
        r"""(?:src|href)=["']((?:https?:)?//[^"']+\.(?:js|css)[^"']*)""", client.get("/api/v1/docs").text
    )
    assert parts == []
    assert all(path.startswith("/api/v1/") for _method, path, _operation in OPERATIONS), "pages are not in the document"
