"""How much a page of a hundred payments weighs, and what it asks of the services (limits of pages)."""

import gzip
import sys

from espace_contracts import identity, payments
from fake_bus import FakeBus
from starlette.testclient import TestClient

from gateway.rendering import read_manifest
from tests.pages.payment_states import many

HEAVIEST = 60_000  # bytes of HTML, compressed


def test_a_hundred_payments_weigh_little(member: TestClient, bus: FakeBus) -> None:
    many(bus)
    page = member.get("/reglements")
    assert page.text.count('<tbody class="line') == 100
    compressed = len(gzip.compress(page.content, compresslevel=6))
    sys.stdout.write(f"Règlements, 100 payments: {len(page.content):,} bytes, compressed {compressed:,}\n")
    assert compressed < HEAVIEST


def test_the_list_takes_two_calls_and_one_while_the_session_is_believed(member: TestClient, bus: FakeBus) -> None:
    member.get("/reglements")
    assert sorted(name for name, _ in bus.calls) == [identity.CHECK_SESSION.name, payments.LIST_PAYMENTS.name]
    bus.calls.clear()
    member.get("/reglements?q=18RCDI")
    assert [name for name, _ in bus.calls] == [payments.LIST_PAYMENTS.name]


def test_files_with_a_hash_in_their_name_are_kept_for_ever(client: TestClient) -> None:
    answer = client.get(f"/static/build/{read_manifest()['theme.css']}")
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
