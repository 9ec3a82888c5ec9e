"""`espace keys new`: fresh keys for a rotation; nothing is kept or sent anywhere."""

import json
import secrets
from base64 import b64encode

import click

KEY_BYTES = 32


@click.group()
def keys() -> None:
    """Keys of the processes."""


@keys.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of lines.")
def new(as_json: bool) -> None:
    """Print a set of new keys, as the variables that they belong in."""
    made = new_keys()
    click.echo(json.dumps(made) if as_json else "\n".join(f"{name}={value}" for name, value in made.items()))


def new_keys() -> dict[str, str]:
    """Keys by the variables that hold them."""
    from chassis.sealing import new_key_pair

    private, public = new_key_pair()
    return {
        "IDENTITY_PRIVATE_KEY": private,
        "GATEWAY_IDENTITY_PUBLIC_KEY": public,
        "IDENTITY_MAIL_KEY": b64encode(secrets.token_bytes(KEY_BYTES)).decode(),
        "GATEWAY_ROBOT_KEY": secrets.token_hex(KEY_BYTES),
    }
