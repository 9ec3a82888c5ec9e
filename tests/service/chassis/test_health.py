"""What operators see of a service: alive, ready, counted; and how it ends."""

import json
import re
import urllib.error
import urllib.request
from typing import Any

from tests.service.chassis.conftest import Toy
from tests.service.waiting import wait_until


def ready(toy: Toy) -> tuple[int, dict[str, Any]]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{toy.port}/readyz", timeout=2) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def counted(toy: Toy) -> dict[str, float]:
    with urllib.request.urlopen(f"http://127.0.0.1:{toy.port}/metrics", timeout=2) as answer:
        lines = answer.read().decode().splitlines()
    return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines if not line.startswith("#")}


def test_readiness_names_each_server_with_its_state_and_age(toy: Toy) -> None:
    status, page = wait_until(lambda: (found := ready(toy))[0] == 200 and found, what="readiness")
    assert (status, page["status"], page["process"]) == (200, "ready", "toy")
    assert set(page["dependencies"]) == {"broker", "database"}
    for state in page["dependencies"].values():
        assert state["state"] == "up"
        assert 0 <= state["checked_seconds_ago"] < 20


def test_calls_events_and_queues_are_counted_without_what_they_carry(toy: Toy) -> None:
    before = counted(toy)
    toy.call("echo", {"text": "hello"})
    toy.call("echo", {"text": "refuse"})
    toy.call("echo", {"text": "break"})
    toy.call("echo", {"text": 7})
    toy.poke("counted-text-of-a-person")
    wait_until(toy.notes, what="the event")

    def more(name: str) -> float:
        return counted(toy).get(name, 0) - before.get(name, 0)

    def answered(outcome: str) -> float:
        return more(f'espace_rpc_answer_seconds_count{{method="toy.echo",outcome="{outcome}"}}')

    assert [answered(outcome) for outcome in ("ok", "not_found", "incident")] == [1, 1, 1]
    assert more('espace_rpc_refused_total{outcome="invalid_request",queue="rpc-toy"}') == 1
    wait_until(lambda: more('espace_events_total{outcome="handled",queue="toy.Poked.v1"}') == 1, what="the count")
    wait_until(lambda: more("espace_outbox_published_total") >= 1, what="the relay's count")
    page = "\n".join(counted(toy))
    assert "counted-text-of-a-person" not in page
    assert {'espace_dead_letters{queue="toy.Poked.v1.dead"}', 'espace_queue_messages{queue="toy.Poked.v1"}'} <= set(
        wait_until(
            lambda: "espace_dead_letters" in "\n".join(counted(toy)) and counted(toy), what="a look at the queues"
        )
    )
    assert counted(toy)["espace_hub_longest_gap_seconds"] < 60


def test_a_trace_goes_from_the_caller_through_the_outbox_into_the_logs(toy: Toy) -> None:
    trace = "5e" * 16
    sent = f"00-{trace}-{'6f' * 8}-01"
    toy.call("echo", {"text": "break"}, headers={"traceparent": sent})
    toy.call("note", {"text": "traced"}, headers={"traceparent": sent})
    [[body]] = toy.rows("select body from outbox where type = 'Felt.v1' and body like '%traced%'")
    carried = json.loads(body)["traceparent"]
    assert re.fullmatch(rf"00-{trace}-[0-9a-f]{{16}}-01", carried)
    lines = [json.loads(line) for line in toy.logs[-1].read_text().splitlines() if line.startswith("{")]
    [incident] = [line for line in lines if line["event"] == "incident" and line.get("trace_id") == trace]
    assert incident["process"] == "toy"
