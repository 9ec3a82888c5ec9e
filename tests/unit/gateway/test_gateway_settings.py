"""Settings are checked at start (K15, K36)."""

import pytest
from conftest import settings
from pydantic import ValidationError

from gateway.session import Cookies
from gateway.settings import Settings
from tests.doubles.portal import ROBOT_KEY

KEY = "A" * 43 + "="
BROKER = "amqp://gateway:of-the-tests@nowhere/"


@pytest.mark.parametrize(
    "url", ["http://espace.example", "http://192.168.1.4:8000", "ftp://127.0.0.1", "https://", "x"]
)
def test_k15_plain_http_is_for_this_machine_only(url: str) -> None:
    with pytest.raises(ValidationError, match="must be https"):
        Settings(amqp_url=BROKER, identity_public_key=KEY, robot_key=ROBOT_KEY, PUBLIC_URL=url)


@pytest.mark.parametrize(
    ("url", "secure"),
    [
        ("http://127.0.0.1:8000", False),
        ("http://localhost:8000/", False),
        ("http://[::1]:8000", False),
        ("https://e.example", True),
    ],
)
def test_k15_cookies_carry_their_prefix_over_tls(url: str, *, secure: bool) -> None:
    chosen = Settings(amqp_url=BROKER, identity_public_key=KEY, robot_key=ROBOT_KEY, PUBLIC_URL=url)
    assert chosen.secure is secure
    assert Cookies(chosen.secure).session == ("__Host-session" if secure else "session")


@pytest.mark.parametrize("key", ["", "abc", "A" * 44])
def test_the_key_of_identity_must_be_one(key: str) -> None:
    with pytest.raises(ValidationError, match="identity_public_key"):
        Settings(amqp_url=BROKER, identity_public_key=key, robot_key=ROBOT_KEY, PUBLIC_URL="https://e.example")


def test_a_session_is_believed_for_15_seconds_at_most() -> None:
    with pytest.raises(ValidationError):
        settings(session_cache_seconds=16)


@pytest.mark.parametrize("key", ["", "changeme", "a" * 32, "abcabcabcabcabcabcabcabcabcabcabc"])
def test_k36_a_key_that_is_not_random_stops_the_start(key: str) -> None:
    with pytest.raises(ValidationError, match="robot_key"):
        Settings(amqp_url=BROKER, identity_public_key=KEY, robot_key=key, PUBLIC_URL="https://e.example")
