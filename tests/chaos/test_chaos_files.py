"""A short form of `make chaos-files`: no accepted upload is lost, none is unreadable, nothing is left over (R1, R9)."""

from tests.chaos import uploads
from tests.chaos.employer import logged_in
from tests.chaos.world import World

WHOLE = {
    "lost": 0,
    "unreadable": 0,
    "orphans": 0,
    "rows_without_object": 0,
    "unfinished": 0,
    "odd_statuses": 0,
    "503_without_retry_after": 0,
}


def test_r01_no_accepted_upload_is_lost_when_documents_gateway_or_store_is_killed(world: World) -> None:
    victims = ("documents", "gateway", "objectstore")
    figures = uploads.under_kills(world, logged_in(world), victims=victims, seconds=2, seed=1, largest=200_000)
    assert figures | WHOLE == figures
    assert figures["works_again"]
    assert figures["accepted"] > 0
