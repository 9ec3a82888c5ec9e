"""What a gateway over canned answers is started with."""

import base64
from typing import Any

from nacl.public import PrivateKey

from gateway.settings import Settings

TOKEN = "a-session-token-of-this-test-0123456789abcdef"
NAMES = (
    "favicon.svg",
    "figtree-latin-wght-normal.woff2",
    "bootstrap.min.css",
    "theme.css",
    "htmx.min.js",
    "app.js",
    "altcha.min.js",
    "altcha.css",
    "pbkdf2.js",
    "fr-fr.js",
    "robot.js",
    "upload.js",
    "draft.js",
    "THIRD_PARTY.txt",
)
ROBOT_KEY = "tests sign their challenges with it"
ORIGIN = "http://127.0.0.1:8000"


def settings(**more: object) -> Settings:
    """Settings of a gateway on this machine."""
    key = base64.b64encode(bytes(PrivateKey(b"k" * 32).public_key)).decode()
    facts: dict[str, Any] = {"identity_public_key": key, "robot_key": ROBOT_KEY, "PUBLIC_URL": ORIGIN}
    return Settings(amqp_url="amqp://nobody:to-nowhere@nowhere/", **facts | more)
