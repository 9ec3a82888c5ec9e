"""The keys that operators are given are ones that the processes take."""

import json

from click.testing import CliRunner

from chassis.sealing import seal, unseal
from ops.cli import main
from services.identity.settings import Settings as IdentitySettings

LOGIN = {
    "IDENTITY_AMQP_URL": "amqp://identity:of-the-tests@nowhere",
    "IDENTITY_DATABASE_URL": "postgresql://identity_app:of-the-tests@nowhere",
    "IDENTITY_WORKER_DATABASE_URL": "postgresql://identity_worker:of-the-tests@nowhere",
    "IDENTITY_SMTP_HOST": "127.0.0.1",
    "IDENTITY_MAIL_FROM": "ne-pas-repondre@espace.example",
}


def printed() -> dict[str, str]:
    return json.loads(CliRunner().invoke(main, ["keys", "new", "--json"], catch_exceptions=False).stdout)


def test_k36_new_keys_are_taken_fit_together_and_are_never_the_same(monkeypatch) -> None:
    first, second = printed(), printed()
    assert not set(first.values()) & set(second.values())
    for name, value in (LOGIN | first).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("IDENTITY_PREVIOUS_PRIVATE_KEY", second["IDENTITY_PRIVATE_KEY"])
    settings = IdentitySettings()
    sealed = seal(first["GATEWAY_IDENTITY_PUBLIC_KEY"], "Hirondelle-27!")
    assert unseal(settings.private_key.get_secret_value(), sealed) == "Hirondelle-27!"
