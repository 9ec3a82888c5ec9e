"""Every password and key of a stack: made at its first start, kept in one file that only its owner reads."""

import base64
import json
import os
import secrets
from dataclasses import asdict, dataclass, replace
from pathlib import Path

SERVICES = ("identity", "payments", "documents")
ROLES = ("owner", "app", "worker")
BUCKET_OWNERS = ("payments", "documents")
DEMO_CLIENT = "funder.demo"
BROKER_USERS = (*SERVICES, "gateway", DEMO_CLIENT)


@dataclass(frozen=True)
class KeyPair:
    """An S3 key."""

    access: str
    secret: str


@dataclass(frozen=True)
class Credentials:
    """What nobody prints or logs. `databases` by role, `broker` by user, `buckets` by owner."""

    admin: str
    databases: dict[str, str]
    broker: dict[str, str]
    object_store: KeyPair
    buckets: dict[str, KeyPair]
    identity_private_key: str
    identity_public_key: str
    mail_key: str


def load(path: Path) -> Credentials:
    """The credentials in *path*; made there, mode 0600, when it does not exist."""
    if not path.exists():
        _write(path, _make())
    facts = json.loads(path.read_text(encoding="utf-8"))
    facts["object_store"] = KeyPair(**facts["object_store"])
    facts["buckets"] = {owner: KeyPair(**pair) for owner, pair in facts["buckets"].items()}
    return Credentials(**facts)


def rotate(path: Path) -> None:
    """New passwords of roles and broker users, new keys of buckets, in *path*.

    The administrators' stay: their servers take them at their first start only. So do identity's keys: two of them live
    at a time, by settings.
    """
    fresh, kept = _make(), load(path)
    _write(path, replace(kept, databases=fresh.databases, broker=fresh.broker, buckets=fresh.buckets))


def _make() -> Credentials:
    from nacl.public import PrivateKey  # here: only the first start needs it

    key = PrivateKey.generate()
    return Credentials(
        admin=_password(),
        databases={f"{service}_{role}": _password() for service in SERVICES for role in ROLES},
        broker={user: _password() for user in BROKER_USERS},
        object_store=_key_pair(),
        buckets={owner: _key_pair() for owner in BUCKET_OWNERS},
        identity_private_key=base64.b64encode(bytes(key)).decode(),
        identity_public_key=base64.b64encode(bytes(key.public_key)).decode(),
        mail_key=base64.b64encode(secrets.token_bytes(32)).decode(),
    )


def _password() -> str:
    return secrets.token_urlsafe(24)


def _key_pair() -> KeyPair:
    return KeyPair(access=secrets.token_hex(10), secret=secrets.token_hex(20))


def _write(path: Path, credentials: Credentials) -> None:
    draft = path.with_suffix(".draft")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(asdict(credentials), file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    draft.rename(path)
