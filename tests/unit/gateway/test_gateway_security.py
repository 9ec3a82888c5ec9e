"""Tokens, origins, redirects (K15, K17, K20)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.security import csrf_matches, csrf_token, foreign_origin, local_path, new_token

OWN = "https://espace.example"


@pytest.mark.parametrize(
    "path",
    [
        "https://evil.example/", "//evil.example", "/\\evil.example", "\\\\evil.example", "javascript:alert(1)", "",
        "reglements", "/a\nb", "/a\\..\\b", "/" + "a" * 3000,
    ],
)  # fmt: skip
def test_k20_only_paths_of_this_site_are_returned_to(path: str) -> None:
    assert local_path(path) is None


@pytest.mark.parametrize("path", ["/reglements", "/reglements?du=01%2F10%2F2019&q=19GE", "/dossiers/19GE00565"])
def test_k20_own_paths_are_returned_to(path: str) -> None:
    assert local_path(path) == path


@given(st.text())
def test_k20_what_passes_stays_on_this_site(path: str) -> None:
    passed = local_path(path)
    assert passed is None or (passed.startswith("/") and not passed.startswith(("//", "/\\")))


@pytest.mark.parametrize(
    ("site", "origin", "foreign"),
    [
        ("same-origin", None, False),
        ("none", None, False),
        ("cross-site", None, True),
        ("same-site", OWN, True),
        ("cross-site", OWN, True),
        (None, OWN, False),
        (None, "https://evil.example", True),
        (None, "http://espace.example", True),
        (None, "null", False),
        (None, None, False),
    ],
)
def test_k17_the_browser_says_who_started_a_request(site: str | None, origin: str | None, *, foreign: bool) -> None:
    assert foreign_origin(site, origin, OWN) is foreign


def test_k17_a_token_belongs_to_its_cookie_only() -> None:
    mine, other = new_token(), new_token()
    assert csrf_matches(csrf_token(mine), (other, mine))
    assert not csrf_matches(csrf_token(mine), (other,))
    assert not csrf_matches("", (mine,))
    assert not csrf_matches("é", (mine,))
    assert not csrf_matches(csrf_token(""), ("",))


def test_k15_tokens_have_256_bits() -> None:
    assert len(new_token()) == 43
    assert len({new_token() for _ in range(100)}) == 100
