"""Secrets that travel or wait: sealed boxes between processes, encrypted fields in rows (K34, K6)."""

from base64 import b64decode, b64encode

from nacl.exceptions import CryptoError
from nacl.public import PrivateKey, PublicKey, SealedBox
from nacl.secret import SecretBox


class CannotOpen(Exception):
    """The text was not sealed for this key, or was changed on its way."""


def seal(public_key: str, text: str) -> str:
    """*text* as a base64 box that only the holder of the private key opens (X25519)."""
    return b64encode(SealedBox(PublicKey(b64decode(public_key))).encrypt(text.encode())).decode()


def unseal(private_key: str, sealed: str) -> str:
    """What `seal` was given. Raises CannotOpen."""
    try:
        return SealedBox(PrivateKey(b64decode(private_key))).decrypt(b64decode(sealed)).decode()
    except (CryptoError, ValueError, TypeError) as exc:
        raise CannotOpen from exc


def encrypt(key: str, text: str) -> bytes:
    """*text* under the symmetric 32-byte *key* (base64), authenticated."""
    return bytes(SecretBox(b64decode(key)).encrypt(text.encode()))


def decrypt(key: str, data: bytes) -> str:
    """What `encrypt` was given. Raises CannotOpen."""
    try:
        return SecretBox(b64decode(key)).decrypt(data).decode()
    except (CryptoError, ValueError, TypeError) as exc:
        raise CannotOpen from exc


def new_key_pair() -> tuple[str, str]:
    """A fresh (private, public) X25519 pair, base64."""
    private = PrivateKey.generate()
    return b64encode(bytes(private)).decode(), b64encode(bytes(private.public_key)).decode()
