"""Whose word counts on where a request came from: the limits by address stand on it (K12)."""

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from conftest import ORIGIN, settings
from espace_contracts import identity
from pydantic import ValidationError
from starlette.testclient import TestClient

from gateway.app import create_app
from tests.doubles.bus import FakeBus
from tests.doubles.portal import NAMES

PROXY, NETWORK, STRANGER = "172.30.0.2", "172.31.0.0/16", "203.0.113.9"
Address = Callable[..., str]


@pytest.fixture
def address_seen(bus: FakeBus) -> Iterator[Address]:
    """Logs in over a connection from *peer*; the address that identity was told."""
    with ExitStack() as stack:

        def log_in(peer: str, *forwarded: str, trusted: str = f"{PROXY}, {NETWORK}") -> str:
            app = create_app(settings(trusted_proxies=trusted), bus, manifest={name: name for name in NAMES})
            client = stack.enter_context(
                TestClient(app, base_url=ORIGIN, follow_redirects=False, client=(peer, 40_000))
            )
            token = re.search(r'name="csrf" value="([^"]+)"', client.get("/connexion").text).group(1)
            form = {"csrf": token, "identifiant": "paie", "mot-de-passe": "Abcdefg!"}
            headers = [("X-Forwarded-For", value) for value in forwarded]
            assert client.post("/connexion", data=form, headers=headers).status_code == 303
            return bus.asked(identity.OPEN_SESSION)[-1].session.remote_address

        yield log_in


def test_k12_address_told_by_a_trusted_proxy_counts(address_seen: Address) -> None:
    assert address_seen(PROXY, "198.51.100.7") == "198.51.100.7"
    assert address_seen("172.31.4.5", "2001:db8::7") == "2001:db8::7"


def test_k12_nobody_else_is_believed(address_seen: Address) -> None:
    assert address_seen(STRANGER, "198.51.100.7") == STRANGER
    assert address_seen(PROXY, "198.51.100.7", trusted="") == PROXY


def test_k12_what_a_person_wrote_before_the_proxy_does_not_count(address_seen: Address) -> None:
    assert address_seen(PROXY, f"198.51.100.7, {STRANGER}") == STRANGER
    assert address_seen(PROXY, "198.51.100.7", STRANGER) == STRANGER
    assert address_seen(PROXY, f"198.51.100.7, {STRANGER}, 172.31.4.5") == STRANGER


@pytest.mark.parametrize("value", ["*", "proxy.example", "172.30.0.0/33", "172.30.0.1/16"])
def test_k12_proxies_are_named_by_address_alone(value: str) -> None:
    with pytest.raises(ValidationError, match="trusted_proxies"):
        settings(trusted_proxies=value)
