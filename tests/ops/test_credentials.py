"""Secrets are made once, are all different, and are for their owner's eyes only."""

import base64
import json
import stat

from nacl.public import PrivateKey, PublicKey, SealedBox

from ops import credentials


def leaves(value):
    if isinstance(value, dict):
        return [leaf for inner in value.values() for leaf in leaves(inner)]
    return [value]


def test_they_are_made_once(tmp_path):
    path = tmp_path / "secrets.json"
    first = credentials.load(path)
    assert credentials.load(path) == first
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_no_two_are_alike_and_none_is_short(tmp_path):
    credentials.load(tmp_path / "secrets.json")
    values = leaves(json.loads((tmp_path / "secrets.json").read_text()))
    assert len(set(values)) == len(values) >= 20
    assert min(len(value) for value in values) >= 20


def test_another_stack_has_others(tmp_path):
    assert credentials.load(tmp_path / "a.json").admin != credentials.load(tmp_path / "b.json").admin


def test_k34_what_the_gateway_seals_only_identity_opens(tmp_path):
    made = credentials.load(tmp_path / "secrets.json")
    sealed = SealedBox(PublicKey(base64.b64decode(made.identity_public_key))).encrypt(b"Abcdefg!")
    assert SealedBox(PrivateKey(base64.b64decode(made.identity_private_key))).decrypt(sealed) == b"Abcdefg!"
