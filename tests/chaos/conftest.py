"""One portal for all faults: each test leaves it whole."""

from collections.abc import Iterator

import pytest

from tests.chaos.world import World, running


@pytest.fixture(scope="session")
def world() -> Iterator[World]:
    """Servers and processes that stand beside those of the other tests."""
    with running() as made:
        yield made
