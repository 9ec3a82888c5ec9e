"""Settings of identity: checked at start, all faults at once."""

from base64 import b64encode

import pytest
from pydantic import ValidationError

from chassis.sealing import new_key_pair
from services.identity import domain
from services.identity.settings import Settings, common_passwords

GOOD = {
    "amqp_url": "amqp://identity:of-the-tests@nowhere",
    "database_url": "postgresql://identity_app:of-the-tests@nowhere",
    "worker_database_url": "postgresql://identity_app:of-the-tests@nowhere",
    "private_key": new_key_pair()[0],
    "mail_key": b64encode(bytes(range(32))).decode(),
    "smtp_host": "127.0.0.1",
    "mail_from": "Espace Employeur <ne-pas-repondre@espace.example>",
}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("private_key", "not base64"),
        ("private_key", b64encode(b"short").decode()),
        ("mail_key", b64encode(bytes(range(31))).decode()),
        ("mail_key", b64encode(bytes(32)).decode()),
        ("previous_mail_key", "not base64"),
        ("ca_file", "/no/such/file"),
        ("amqp_url", "amqp://guest:guest@broker"),
        ("amqp_url", "amqp://identity@broker"),
        ("database_url", "postgresql://identity_app:identity_app@db/identity"),
        ("worker_database_url", "postgresql://identity_worker:ChangeMe@db/identity"),
        ("mail_from", "Espace Employeur"),
        ("password_block_list", "/no/such/file"),
        ("smtp_user", "somebody without password"),
        ("password_min_length", 7),
    ],
)
def test_a_faulty_setting_stops_the_start(name, value):
    with pytest.raises(ValidationError):
        Settings(**GOOD | {name: value})


def test_k36_a_secret_that_everybody_knows_is_not_repeated_in_the_error():
    with pytest.raises(ValidationError) as refused:
        Settings(**GOOD | {"amqp_url": "amqp://identity:minioadmin@broker", "mail_key": b64encode(bytes(32)).decode()})
    assert "everybody knows" in str(refused.value)
    assert "no random key" in str(refused.value)
    assert "minioadmin" not in str(refused.value)


def test_secrets_do_not_show_in_an_error_or_a_dump():
    settings = Settings(**GOOD)
    assert GOOD["private_key"] not in repr(settings)
    assert GOOD["mail_key"] not in repr(settings)


def test_k03_the_default_list_is_long_and_lets_the_guides_examples_pass():
    policy = Settings(**GOOD).rules().passwords
    assert len(policy.common) > 25_000
    for password in ("Abcdefg!", "Abcdefg\\"):
        assert domain.unmet_password_rules(password, policy) == ()
    assert domain.unmet_password_rules("Password!", policy) == ("common",)


def test_k03_a_list_of_ones_own(tmp_path):
    words = tmp_path / "words.txt"
    words.write_text("Soleil-2024!\n\nE\u0301té!\n", encoding="utf-8")
    assert common_passwords(str(words)) == {"soleil-2024!", "été!"}
    assert common_passwords("") == frozenset()


def test_lifetimes_have_the_documented_defaults():
    rules = Settings(**GOOD).rules()
    hours = [
        lifetime.total_seconds() / 3600
        for lifetime in (
            rules.provisional_lifetime,
            rules.link_lifetime,
            rules.reset_lifetime,
            rules.session_idle,
            rules.session_absolute,
        )
    ]
    assert hours == [720, 48, 1, 0.5, 12]


def test_every_setting_says_what_it_is_for():
    own = set(Settings.model_fields) - set(Settings.__mro__[1].model_fields)
    assert [name for name in own if not Settings.model_fields[name].description] == []
