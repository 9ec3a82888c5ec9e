"""How much a page of a hundred payments weighs, and what it asks of the services (limits of pages)."""

import gzip
import sys

import pytest
from espace_contracts import identity, payments
from fake_bus import FakeBus
from starlette.testclient import TestClient

from gateway import rendering
from gateway.rendering import BUILD, read_manifest
from tests.pages.payment_states import many

HEAVIEST = 60_000  # bytes of HTML, compressed


def test_a_hundred_payments_weigh_little(member: TestClient, bus: FakeBus) -> None:
    many(bus)
    page = member.get("/reglements")
    assert page.text.count('<tbody class="line') == 100
    compressed = len(gzip.compress(page.content, compresslevel=6))
    sys.stdout.write(f"Règlements, 100 payments: {len(page.content):,} bytes, compressed {compressed:,}\n")
    assert compressed < HEAVIEST


def test_r17_others_have_their_turn_while_a_hundred_payments_are_drawn(
    member: TestClient, bus: FakeBus, monkeypatch: pytest.MonkeyPatch
) -> None:
    turns: list[float] = []

    async def others(seconds: float) -> None:
        turns.append(seconds)

    monkeypatch.setattr(rendering, "TURN", 0.0)
    monkeypatch.setattr(rendering.asyncio, "sleep", others)
    many(bus)
    assert member.get("/reglements").status_code == 200
    assert len(turns) > 100


def test_the_list_takes_two_calls_and_one_while_the_session_is_believed(member: TestClient, bus: FakeBus) -> None:
    member.get("/reglements")
    assert sorted(name for name, _ in bus.calls) == [identity.CHECK_SESSION.name, payments.LIST_PAYMENTS.name]
    bus.calls.clear()
    member.get("/reglements?q=18RCDI")
    assert [name for name, _ in bus.calls] == [payments.LIST_PAYMENTS.name]


def test_files_with_a_hash_in_their_name_are_kept_for_ever(client: TestClient) -> None:
    answer = client.get(f"/static/build/{read_manifest()['theme.css']}")
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"


@pytest.mark.parametrize(
    ("accepted", "encoding"),
    [
        ("gzip, deflate, br", "gzip"),
        ("GZIP;q=0.5", "gzip"),
        ("br", None),
        ("gzip;q=0", None),
        ("gzip; q=0.0, br", None),
    ],
)
def test_a_style_sheet_comes_compressed_to_who_takes_it_so(
    client: TestClient, accepted: str, encoding: str | None
) -> None:
    name = read_manifest()["bootstrap.min.css"]
    with client.stream("GET", f"/static/build/{name}", headers={"Accept-Encoding": accepted}) as answer:
        sent = b"".join(answer.iter_raw())
    whole = (BUILD / name).read_bytes()
    assert answer.headers.get("content-encoding") == encoding
    assert answer.headers["content-type"].startswith("text/css")
    assert answer.headers["vary"] == "Accept-Encoding"
    assert (gzip.decompress(sent) if encoding else sent) == whole
    assert len(sent) < 40_000 or not encoding


def test_a_font_is_sent_as_it_is(client: TestClient) -> None:
    answer = client.get(f"/static/build/{read_manifest()['figtree-latin-wght-normal.woff2']}")
    assert "content-encoding" not in answer.headers
    assert answer.headers["content-type"] == "font/woff2"


def test_a_file_that_was_never_built_is_not_found(client: TestClient) -> None:
    assert client.get("/static/build/nothing.css").status_code == 404
