"""No page is forgotten: each address that draws one stands in the catalogue, and each state has a name of its own."""

import re

import pytest
from fastapi.routing import APIRoute

from gateway import pages
from tests.pages.catalogue import STATES

# What answers with bytes, or leads on
NO_PAGES = {
    "/", "/robot/defi", "/reglements/export.xlsx", "/reglements/export.csv", "/reglements/exports/{job_id}/contenu",
    "/reglements/exports/{job_id}/avis", "/documents/{document_id}/contenu",
}  # fmt: skip
SHOWN = [state.path.split("?")[0] for state in STATES]


def addresses(router: object) -> list[str]:
    """What can be asked for with GET."""
    found: list[str] = []
    for route in router.routes:
        if isinstance(route, APIRoute):
            found += [route.path] if "GET" in route.methods else []
        else:
            found += addresses(route.original_router)
    return found


@pytest.mark.parametrize("path", sorted(set(addresses(pages.router)) - NO_PAGES))
def test_every_page_has_a_state(path: str) -> None:
    wanted = re.compile(re.sub(r"\{\w+\}", "[^/]+", re.sub(r"\{\w+:path\}", ".+", path)))
    assert any(wanted.fullmatch(shown) for shown in SHOWN)


def test_states_have_names_of_their_own() -> None:
    names = [state.name for state in STATES]
    assert len(set(names)) == len(names)
