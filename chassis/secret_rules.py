"""Secrets that everybody knows are none: a process that is given one does not start (K36)."""

from base64 import b64decode
from urllib.parse import unquote, urlsplit

from pydantic import SecretStr

# What servers are shipped with, what examples say, and what people type until later.
KNOWN = frozenset(
    [
        "admin",
        "administrator",
        "changeit",
        "changeme",
        "default",
        "demo",
        "employeur",
        "espace",
        "guest",
        "minioadmin",
        "pass",
        "passwd",
        "password",
        "postgres",
        "public",
        "rabbitmq",
        "root",
        "s3cr3t",
        "secret",
        "seaweedfs",
        "test",
        "user",
        "123456",
        "12345678",
    ]
)
KEY_BYTES = 32
FEWEST_DIFFERENT = 8  # of the bytes of a random key of 32; fewer come up in less than one of 10^20


def strong_password(value: SecretStr, *, user: str = "") -> SecretStr:
    """*value*. Raises ValueError when it is empty, shipped with a server, taken from an example, or the user's name."""
    password = value.get_secret_value()
    if not password.strip():
        raise ValueError("has no password")
    if password.casefold() in KNOWN or password == user:
        raise ValueError("has a password that everybody knows")
    return value


def with_strong_password(url: SecretStr) -> SecretStr:
    """*url*, an address with a login. Raises ValueError when its password is missing or known to everybody."""
    parts = urlsplit(url.get_secret_value())
    strong_password(SecretStr(unquote(parts.password or "")), user=unquote(parts.username or ""))
    return url


def random_key(value: SecretStr) -> SecretStr:
    """*value*, a key of 32 bytes in base64. Raises ValueError for another length and for what no generator makes."""
    try:
        key = b64decode(value.get_secret_value(), validate=True)
    except ValueError as exc:
        raise ValueError("is not base64") from exc
    if len(key) != KEY_BYTES:
        raise ValueError("is not a key of 32 bytes")
    if len(set(key)) < FEWEST_DIFFERENT:
        raise ValueError("is no random key")
    return value


def random_text(value: SecretStr) -> SecretStr:
    """*value*, a text that signs. Raises ValueError for one that repeats a few signs."""
    if len(set(value.get_secret_value())) < FEWEST_DIFFERENT:
        raise ValueError("is no random text")
    return value
